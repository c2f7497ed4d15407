import { defineConfig } from 'vitest/config';

/** SQL files are imported as text, as the build does it. */
const sqlAsText = {
  name: 'sql-as-text',
  transform(code: string, id: string) {
    return id.endsWith('.sql') ? { code: `export default ${JSON.stringify(code)};`, map: null } : undefined;
  },
};

export default defineConfig({
  plugins: [sqlAsText],
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests spawn the built program and lock real files: threads would share one process identity.
    pool: 'forks',
    maxWorkers: 2,
    env: { NO_COLOR: '1', GRACE_LOGS: '', GRACE_CONFIG: '' },
    coverage: { provider: 'v8', include: ['src/**/*.ts'] },
  },
});
