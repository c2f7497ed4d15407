import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verifyConsistency, verifyInclusion } from '../../../src/core/audit/proof.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const VECTORS = join(ROOT, '..', 'shared', 'vectors', 'rfc6962-proofs.jsonl');
const areThere = existsSync(VECTORS);

interface Described {
  readonly desc: string;
  readonly path?: string;
  readonly wantErr: boolean;
  /** Base64, as all hashes here. */
  readonly proof: readonly string[] | null;
}

type Vector = Described &
  (
    | {
        readonly kind: 'inclusion';
        readonly leafIdx: number;
        readonly treeSize: number;
        readonly root: string;
        readonly leafHash: string;
      }
    | {
        readonly kind: 'consistency';
        readonly size1: number;
        readonly size2: number;
        readonly root1: string;
        readonly root2: string;
      }
  );

function verifies(vector: Vector): boolean {
  const proof = (vector.proof ?? []).map(bytes);
  if (vector.kind === 'consistency') {
    const { size1, size2, root1, root2 } = vector;
    return verifyConsistency({ size1, size2, root1: bytes(root1), root2: bytes(root2), proof }).ok;
  }
  const { treeSize: size, leafIdx: index, leafHash, root } = vector;
  return verifyInclusion({ size, index, leaf: bytes(leafHash), proof, root: bytes(root) }).ok;
}

function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

describe.skipIf(!areThere)(`the proof vectors of transparency-dev/merkle${areThere ? '' : ' are not here'}`, () => {
  const vectors = areThere
    ? readFileSync(VECTORS, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Vector)
    : [];

  it('are 12 to verify and 184 to refuse', () => {
    expect(vectors.filter((vector) => !vector.wantErr)).toHaveLength(12);
    expect(vectors.filter((vector) => vector.wantErr)).toHaveLength(184);
  });

  it('all come out as they should', () => {
    const wrong = vectors.filter((vector) => verifies(vector) === vector.wantErr);
    expect(wrong.map(({ path, desc }) => `${path}: ${desc}`)).toEqual([]);
  });
});

/** Made once with the recursion of RFC 6962 §2.1 over the lines `line 0`, `line 1`, …; nothing of grace in them. */
const OWN_VECTORS: readonly Vector[] = [
  {
    kind: 'inclusion',
    desc: 'the only leaf',
    treeSize: 1,
    leafIdx: 0,
    leafHash: 'NPUPfQMQ6LoqssHv6Na9aArtpwtn9uPPj8fynkoWGtA=',
    root: 'NPUPfQMQ6LoqssHv6Na9aArtpwtn9uPPj8fynkoWGtA=',
    proof: [],
    wantErr: false,
  },
  {
    kind: 'inclusion',
    desc: 'leaf 4 of 7',
    treeSize: 7,
    leafIdx: 4,
    leafHash: 'tHk6XNJAeqeqDG2BQyfwjf6LQxia35HUCpm6PqWT8jg=',
    root: 'd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=',
    proof: [
      '9mqFYkBLigKn7cA5XrAHLfAIpboQViT1OjTWayI54wc=',
      'QLXeMilsw/b/bOqQStVgkCn8it0VcoIQo6Oum8mvZ7M=',
      'rEypEMr4wiqSnpFd7Jp+ttSSu3CnFkP7zdHVjRWEjEk=',
    ],
    wantErr: false,
  },
  {
    kind: 'inclusion',
    desc: 'the last leaf of 7, which has fewer siblings',
    treeSize: 7,
    leafIdx: 6,
    leafHash: 'QLXeMilsw/b/bOqQStVgkCn8it0VcoIQo6Oum8mvZ7M=',
    root: 'd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=',
    proof: ['gAP11seGvpq1/cMR6vOSSh2MrpWl8Rf2Orjt4O+yhbY=', 'rEypEMr4wiqSnpFd7Jp+ttSSu3CnFkP7zdHVjRWEjEk='],
    wantErr: false,
  },
  {
    kind: 'inclusion',
    desc: 'leaf 4 of 7 as leaf 5',
    treeSize: 7,
    leafIdx: 5,
    leafHash: 'tHk6XNJAeqeqDG2BQyfwjf6LQxia35HUCpm6PqWT8jg=',
    root: 'd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=',
    proof: [
      '9mqFYkBLigKn7cA5XrAHLfAIpboQViT1OjTWayI54wc=',
      'QLXeMilsw/b/bOqQStVgkCn8it0VcoIQo6Oum8mvZ7M=',
      'rEypEMr4wiqSnpFd7Jp+ttSSu3CnFkP7zdHVjRWEjEk=',
    ],
    wantErr: true,
  },
  {
    kind: 'inclusion',
    desc: 'leaf 4 of 7 with its proof turned round',
    treeSize: 7,
    leafIdx: 4,
    leafHash: 'tHk6XNJAeqeqDG2BQyfwjf6LQxia35HUCpm6PqWT8jg=',
    root: 'd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=',
    proof: [
      'rEypEMr4wiqSnpFd7Jp+ttSSu3CnFkP7zdHVjRWEjEk=',
      'QLXeMilsw/b/bOqQStVgkCn8it0VcoIQo6Oum8mvZ7M=',
      '9mqFYkBLigKn7cA5XrAHLfAIpboQViT1OjTWayI54wc=',
    ],
    wantErr: true,
  },
  {
    kind: 'inclusion',
    desc: 'leaf 4 of 7 in the tree of 8',
    treeSize: 8,
    leafIdx: 4,
    leafHash: 'tHk6XNJAeqeqDG2BQyfwjf6LQxia35HUCpm6PqWT8jg=',
    root: 'VaZhGiOdsxblbJWEDrCLQh0MmrwkHqAu/nbWLE9/ABI=',
    proof: [
      '9mqFYkBLigKn7cA5XrAHLfAIpboQViT1OjTWayI54wc=',
      'QLXeMilsw/b/bOqQStVgkCn8it0VcoIQo6Oum8mvZ7M=',
      'rEypEMr4wiqSnpFd7Jp+ttSSu3CnFkP7zdHVjRWEjEk=',
    ],
    wantErr: true,
  },
  {
    kind: 'consistency',
    desc: '3 and 7',
    size1: 3,
    size2: 7,
    root1: '6NPjriBkg+DfRQ/yESyfCqdzrrAcPubigZH+pOt7dAI=',
    root2: 'd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=',
    proof: [
      '06RaNdl8VrhMzuevcP4HUzyL0HlILwm37c7Wvdfa7n8=',
      'Cua6hfrOvaAtsbtCNhkXHYaUYnhMrhjA1DH5nobIQ+c=',
      '8o6oHYw/OLGccQaMdpkqP9FMPsR/ZNMrz3GGX6VFl38=',
      'yUBaSyQAGXhEanzEslqgHHFLqRMNYbnoAddfcACU4jA=',
    ],
    wantErr: false,
  },
  {
    kind: 'consistency',
    desc: '4 and 7',
    size1: 4,
    size2: 7,
    root1: 'rEypEMr4wiqSnpFd7Jp+ttSSu3CnFkP7zdHVjRWEjEk=',
    root2: 'd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=',
    proof: ['yUBaSyQAGXhEanzEslqgHHFLqRMNYbnoAddfcACU4jA='],
    wantErr: false,
  },
  {
    kind: 'consistency',
    desc: '6 and 6',
    size1: 6,
    size2: 6,
    root1: '+StGFSHHYJNz+9uUwDQuKBIpmMiHNiJIYlcY4MKNOv0=',
    root2: '+StGFSHHYJNz+9uUwDQuKBIpmMiHNiJIYlcY4MKNOv0=',
    proof: [],
    wantErr: false,
  },
  {
    kind: 'consistency',
    desc: '3 and 7 without the last hash',
    size1: 3,
    size2: 7,
    root1: '6NPjriBkg+DfRQ/yESyfCqdzrrAcPubigZH+pOt7dAI=',
    root2: 'd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=',
    proof: [
      '06RaNdl8VrhMzuevcP4HUzyL0HlILwm37c7Wvdfa7n8=',
      'Cua6hfrOvaAtsbtCNhkXHYaUYnhMrhjA1DH5nobIQ+c=',
      '8o6oHYw/OLGccQaMdpkqP9FMPsR/ZNMrz3GGX6VFl38=',
    ],
    wantErr: true,
  },
  {
    kind: 'consistency',
    desc: '3 and 7 as 2 and 7',
    size1: 2,
    size2: 7,
    root1: '6NPjriBkg+DfRQ/yESyfCqdzrrAcPubigZH+pOt7dAI=',
    root2: 'd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=',
    proof: [
      '06RaNdl8VrhMzuevcP4HUzyL0HlILwm37c7Wvdfa7n8=',
      'Cua6hfrOvaAtsbtCNhkXHYaUYnhMrhjA1DH5nobIQ+c=',
      '8o6oHYw/OLGccQaMdpkqP9FMPsR/ZNMrz3GGX6VFl38=',
      'yUBaSyQAGXhEanzEslqgHHFLqRMNYbnoAddfcACU4jA=',
    ],
    wantErr: true,
  },
  {
    kind: 'consistency',
    desc: '0 and 7',
    size1: 0,
    size2: 7,
    root1: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    root2: 'd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=',
    proof: [],
    wantErr: true,
  },
  {
    kind: 'consistency',
    desc: '6 and 6 with other lines',
    size1: 6,
    size2: 6,
    root1: '+StGFSHHYJNz+9uUwDQuKBIpmMiHNiJIYlcY4MKNOv0=',
    root2: 'bHUCg3lB7M1nUgD20F2D8EqBEjnmBdRBTMeI2sNJiQE=',
    proof: [],
    wantErr: true,
  },
];

describe('the proof vectors of this file', () => {
  it.each(OWN_VECTORS)('$kind: $desc', (vector) => {
    expect(verifies(vector)).toBe(!vector.wantErr);
  });
});
