/* The staircase: an import may go down, never up, never to a neighbour on the same step. */
const rooms = ['healing', 'learning', 'evidence', 'trigger'];

/** The steps inside the core, lowest first; each may use those before it. */
const coreSteps = [
  '^src/core/(records/|audit/|errors\\.ts|shell-quoted\\.ts)',
  '^src/core/host/',
  '^src/core/(journal|config)/',
  '^src/core/seal/',
  '^src/core/registry/',
  '^src/core/recovery/',
  '^src/core/ledger',
  '^src/core/index\\.ts',
];

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-orphan-import', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'core-uses-nothing-above',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '^src/(?!core/)' },
    },
    {
      name: 'rooms-never-use-the-face',
      severity: 'error',
      from: { path: `^src/(${rooms.join('|')})/` },
      to: { path: '^src/cli/' },
    },
    ...rooms.map((room) => ({
      name: `${room}-never-uses-a-neighbour`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: `^src/(${rooms.filter((other) => other !== room).join('|')})/` },
    })),
    ...coreSteps.slice(0, -1).map((step, i) => ({
      name: `core-step-${i + 1}-never-climbs`,
      severity: 'error',
      from: { path: step },
      to: { path: coreSteps.slice(i + 1).join('|') },
    })),
    {
      name: 'records-are-pure',
      comment: 'records/ holds decisions over data; it may not reach for the machine',
      severity: 'error',
      from: { path: '^src/core/records/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(buffer|util)$' },
    },
    {
      name: 'output-is-for-the-face',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: 'node_modules/(chalk|cli-table3|commander)/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
