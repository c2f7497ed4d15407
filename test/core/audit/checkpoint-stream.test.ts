import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lastNotes, notesIn, parseNotes } from '../../../src/core/audit/checkpoint-stream.js';
import { cosign } from '../../../src/core/audit/cosignature.js';
import { KEY_TYPE, newSigningKey } from '../../../src/core/audit/keys.js';
import { openCheckpoint, signCheckpoint } from '../../../src/core/audit/signed-checkpoint.js';

const ORIGIN = 'host/grace/0f';
const KEY = newSigningKey(ORIGIN, Buffer.alloc(32, 1));
const NEXT_KEY = newSigningKey(ORIGIN, Buffer.alloc(32, 2));
const WITNESS = newSigningKey('witness.example', Buffer.alloc(32, 3), KEY_TYPE.cosignature);

function note(size: number, ...keys: (typeof KEY)[]): string {
  return signCheckpoint({ origin: ORIGIN, size, root: Buffer.alloc(32, size) }, keys.length ? keys : [KEY]);
}

function cosigned(size: number): string {
  const made = cosign(note(size), WITNESS, 1_700_000_000);
  if (!made.ok) throw new Error(made.reason);
  return note(size) + made.line;
}

function sizesIn(bytes: Buffer): number[] {
  return parseNotes(bytes, ORIGIN).notes.map(({ checkpoint }) => checkpoint.size);
}

describe('parseNotes', () => {
  it('finds every note with its place', () => {
    const texts = [note(1), note(2, KEY, NEXT_KEY), cosigned(3), note(4)];
    const bytes = Buffer.from(texts.join(''));
    const { notes, strayBytes } = parseNotes(bytes, ORIGIN);
    expect(strayBytes).toBe(0);
    expect(notes.map(({ offset, length }) => bytes.toString('utf8', offset, offset + length))).toEqual(texts);
    expect(notes.map(({ checkpoint }) => checkpoint.size)).toEqual([1, 2, 3, 4]);
    expect(notes.map(({ note: { signatures } }) => signatures.length)).toEqual([1, 2, 2, 1]);
    for (const [i, { note: parsed }] of notes.entries()) {
      expect(openCheckpoint(texts[i] as string, [KEY])).toMatchObject({ ok: true, note: parsed });
    }
  });

  it('finds nothing in nothing, nor notes of another log', () => {
    expect(parseNotes(Buffer.alloc(0), ORIGIN)).toEqual({ notes: [], strayBytes: 0 });
    const others = Buffer.from(note(1) + note(2));
    expect(parseNotes(others, 'host/grace/0')).toEqual({ notes: [], strayBytes: others.length });
    expect(parseNotes(others, 'race/0f')).toEqual({ notes: [], strayBytes: others.length });
    expect(parseNotes(others, '')).toEqual({ notes: [], strayBytes: others.length });
  });

  it('takes the bytes that it is given, not those around them', () => {
    const around = Buffer.from(`${note(1)}${note(2)}${note(3)}`);
    const part = new Uint8Array(around.buffer, around.byteOffset + note(1).length + 2, 0);
    expect(parseNotes(part, ORIGIN)).toEqual({ notes: [], strayBytes: 0 });
    const middle = around.subarray(Buffer.byteLength(note(1)), Buffer.byteLength(note(1) + note(2)));
    expect(parseNotes(new Uint8Array(middle), ORIGIN).notes).toMatchObject([{ offset: 0, length: middle.length }]);
  });

  it.each([
    ['one signature', note(7)],
    ['two signatures', note(7, KEY, NEXT_KEY)],
    ['a cosignature', cosigned(7)],
  ])('passes over a note of %s cut at any byte', (_, text) => {
    const whole = Buffer.from(text);
    const first = Buffer.byteLength(note(7));
    for (let cut = 0; cut <= whole.length; cut++) {
      const stub = whole.subarray(0, cut);
      for (const tail of ['', '\n', '\n\n', '\n\0\0\0\n', '\0'.repeat(5000)]) {
        const end = tail === '' && cut > 0 && stub.at(-1) !== 0x0a ? '\n' : tail.endsWith('\0') ? `${tail}\n` : tail;
        const bytes = Buffer.concat([Buffer.from(note(6)), stub, Buffer.from(end), Buffer.from(note(8))]);
        const { notes, strayBytes } = parseNotes(bytes, ORIGIN);
        const sizes = notes.map(({ checkpoint }) => checkpoint.size);
        // Whole without its last LF, which the next writer supplied; or cut after one signature of two.
        const isWhole = cut >= first || (cut === first - 1 && end.startsWith('\n'));
        expect(sizes, `cut at ${cut}, ${JSON.stringify(end.slice(0, 9))}`).toEqual(isWhole ? [6, 7, 8] : [6, 8]);
        for (const found of notes) {
          const slice = bytes.subarray(found.offset, found.offset + found.length);
          expect(openCheckpoint(slice, [KEY, NEXT_KEY, WITNESS]).ok, slice.toString()).toBe(true);
        }
        expect(strayBytes).toBe(bytes.length - notes.reduce((sum, { length }) => sum + length, 0));
      }
    }
  });

  it('passes over a signature that was cut and is still good base64', () => {
    const text = note(7, KEY, NEXT_KEY);
    const bytes = Buffer.from(`${text.slice(0, -1 - 4)}\n${note(8)}`);
    expect(sizesIn(bytes)).toEqual([7, 8]);
    expect(parseNotes(bytes, ORIGIN).notes[0]?.note.signatures).toHaveLength(1);
    expect(sizesIn(Buffer.from(`${note(7).slice(0, -5)}\n${note(8)}`))).toEqual([8]);
  });

  it('passes over stubs that hold the beginnings of others', () => {
    const stub = note(7).slice(0, -20);
    const head = `${ORIGIN}\n`;
    expect(sizesIn(Buffer.from(`${head}${head}${head}5\n${head}5\n\n${stub}\n${stub}\n${note(8)}${head}`))).toEqual([
      8,
    ]);
  });

  it('passes over what is no checkpoint of this form', () => {
    const lines = note(7).split('\n');
    for (const spoilt of [
      lines.with(1, '07'),
      lines.with(2, 'AAAA'),
      lines.toSpliced(3, 0, 'extension'),
      lines.toSpliced(3, 0, ''),
      lines.toSpliced(3, 1),
      lines.with(4, 'x'),
      lines.with(0, `${ORIGIN} `),
      lines.with(0, ` ${ORIGIN}`),
    ]) {
      expect(sizesIn(Buffer.from(note(6) + spoilt.join('\n') + note(8)))).toEqual([6, 8]);
    }
    const invalid = Buffer.from(note(7));
    invalid[ORIGIN.length + 1] = 0xff;
    expect(sizesIn(Buffer.concat([Buffer.from(note(6)), invalid, Buffer.from(note(8))]))).toEqual([6, 8]);
    const manySignatures = note(7) + note(7).slice(note(7).indexOf('— ')).repeat(100);
    expect(sizesIn(Buffer.from(note(6) + manySignatures + note(8)))).toEqual([6, 8]);
  });

  it('accounts for every byte, whatever the bytes are', () => {
    const piece = fc.oneof(
      fc.integer({ min: 1, max: 99 }).map((size) => Buffer.from(note(size))),
      fc
        .tuple(fc.integer({ min: 1, max: 99 }), fc.nat(200))
        .map(([size, cut]) => Buffer.from(note(size)).subarray(0, cut)),
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom('\n', '\n\n', '\0\0\0', '— ', ORIGIN, `${ORIGIN}\n`).map((text) => Buffer.from(text)),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const bytes = Buffer.concat(pieces);
        const { notes, strayBytes } = parseNotes(bytes, ORIGIN);
        expect([...notesIn(bytes, ORIGIN)]).toEqual(notes);
        let end = 0;
        for (const { offset, length } of notes) {
          expect(offset).toBeGreaterThanOrEqual(end);
          end = offset + length;
          expect(openCheckpoint(bytes.subarray(offset, end), [KEY]).ok).toBe(true);
        }
        expect(end).toBeLessThanOrEqual(bytes.length);
        expect(strayBytes).toBe(bytes.length - notes.reduce((sum, { length }) => sum + length, 0));
      }),
    );
  });

  it('reads long runs of NUL bytes and of beginnings once', () => {
    const nul = Buffer.alloc(20_000_000);
    const bytes = Buffer.concat([Buffer.from(note(1)), Buffer.from(`${ORIGIN}\n`), nul, Buffer.from(`\n${note(2)}`)]);
    expect(sizesIn(bytes)).toEqual([1, 2]);
    expect(sizesIn(Buffer.from(`${ORIGIN}\n`.repeat(200_000) + note(3)))).toEqual([3]);
  });
});

describe('lastNotes', () => {
  const bytes = Buffer.from(note(1) + note(2) + note(3));

  it('finds the newest, wherever the tail begins', () => {
    const last = Buffer.byteLength(note(3));
    for (let start = 0; start <= bytes.length - last; start++) {
      const tail = bytes.subarray(start);
      expect(lastNotes(tail, ORIGIN)).toMatchObject({
        notes: [{ offset: tail.length - last, length: last, checkpoint: { size: 3 } }],
        strayBytesAfter: 0,
      });
    }
    const cut = bytes.subarray(bytes.length - last + 1);
    expect(lastNotes(cut, ORIGIN)).toEqual({ notes: [], strayBytesAfter: cut.length });
  });

  it('gives as many as were asked for, oldest first', () => {
    expect(lastNotes(bytes, ORIGIN, 2).notes.map(({ checkpoint }) => checkpoint.size)).toEqual([2, 3]);
    expect(lastNotes(bytes, ORIGIN, 9).notes.map(({ checkpoint }) => checkpoint.size)).toEqual([1, 2, 3]);
    expect(lastNotes(bytes, ORIGIN, 0)).toEqual({ notes: [], strayBytesAfter: 0 });
  });

  it('counts what stands after the last', () => {
    const torn = Buffer.concat([bytes, Buffer.from(note(4)).subarray(0, 33)]);
    expect(lastNotes(torn, ORIGIN)).toMatchObject({ notes: [{ checkpoint: { size: 3 } }], strayBytesAfter: 33 });
    expect(lastNotes(Buffer.alloc(0), ORIGIN)).toEqual({ notes: [], strayBytesAfter: 0 });
  });
});
