import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GRACE, grace, graceJson, logsOf, run } from '../evidence/grace.js';
import { failedIncident, healed } from '../evidence/incidents.js';
import { keysMade } from '../support/cli.js';
import { bindingOf, line, newAudit, newIncident, oldAudit, taskEntry } from '../support/records.js';
import { LOG_FILE, openLedger } from '../support/registry.js';
import { fingerprintOf, tempDir } from '../support/temp-dir.js';

const INCIDENTS = LOG_FILE.incidents;
const AUDIT = LOG_FILE.audit;
const REPORTS = ['self-healing', 'learning', 'unified', 'all'] as const;

const evidence = (dir: string, ...args: string[]) => grace(['evidence', ...withName(args), '--logs', dir]);
const json = (dir: string, ...args: string[]) => graceJson(['evidence', ...withName(args), '--logs', dir]);
const withName = (args: string[]) => (REPORTS.some((name) => args[0] === name) ? args : ['self-healing', ...args]);
// biome-ignore lint/suspicious/noExplicitAny: a document whose shape is what the tests are about
const claimOf = (doc: any, id: string) => doc.claims.find((claim: { id: string }) => claim.id === id);

describe('the exit code', () => {
  const failed = [healed(), failedIncident()];
  const told = (action: string) => newAudit({ action, resource: 'inc_failed' });

  it('0: a real incident was healed and verified', () => {
    const { code, stdout, stderr } = evidence(logsOf([newIncident(), healed()]));
    expect(stdout.split('\n')[0]).toBe('[PASS] SELF-HEALING IS WORKING!');
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  it('1: a real one is open past its limit', () => {
    const { code, stdout } = evidence(
      logsOf([healed(), newIncident({ incident_id: 'inc_open', detected_at: '2020-01-01T00:00:00Z' })]),
    );
    expect(stdout.split('\n')[0]).toBe('[PARTIAL] self-healing: 1 real incident open for more than 15 min');
    expect(stdout).toContain('inc_open (port_in_use) has been open since 2020-01-01 00:00:00Z');
    expect(stdout).toContain('  grace registry show inc_open --logs ');
    expect(code).toBe(1);
  });

  it('not 1: it is open within its limit; the headline says that it is', () => {
    const fresh = newIncident({ incident_id: 'inc_open', detected_at: new Date().toISOString() });
    const { code, stdout } = evidence(logsOf([healed(), fresh]));
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe('[PASS] SELF-HEALING IS WORKING! (1 real incident is open)');
  });

  it('2: a real one failed and nobody was told', () => {
    const { code, stdout } = evidence(
      logsOf(failed, [told('something_else'), newAudit({ action: 'escalated', resource: 'inc_other' })]),
    );
    expect(stdout.split('\n')[0]).toBe('[FAIL] self-healing: 1 real incident failed and nobody was told');
    expect(code).toBe(2);
  });

  it.each(['incident_notified', 'escalated'])('not 2: an entry %s says that somebody was told', (action) => {
    const { code, doc } = json(logsOf(failed, [told(action)]));
    expect(claimOf(doc, 'self_healing').numbers).toMatchObject({ failed: 1, failed_untold: 0, success_rate: 0.5 });
    expect(code).toBe(0);
  });

  it('3: nothing was healed', () => {
    const { code, stdout } = evidence(logsOf([]));
    expect(stdout.split('\n')[0]).toBe('[INCONCLUSIVE] self-healing: no incidents');
    expect(code).toBe(3);
  });

  it('is that of the worst claim with --strict', () => {
    const dir = logsOf([healed(), 'not json\n']);
    expect(evidence(dir).code).toBe(0);
    expect(evidence(dir, '--strict').code).toBe(1);
    expect(evidence(dir, 'all').code).toBe(0);
    expect(evidence(dir, 'all', '--strict').code).toBe(3);
  });

  it('is 0 with --empty ok for a window without incidents, and only for that', () => {
    const dir = logsOf([healed({ detected_at: '2020-01-01T00:00:00Z' })]);
    expect(evidence(dir, '--since', '1d').code).toBe(3);
    expect(evidence(dir, '--since', '1d', '--empty', 'ok').code).toBe(0);
    expect(evidence(dir, 'all', '--since', '1d', '--empty', 'ok').code).toBe(0);
    expect(evidence(dir, 'unified', '--since', '1d', '--empty', 'ok').code).toBe(0);
    expect(evidence(logsOf([]), 'learning', '--empty', 'ok').code).toBe(0);
    const unverified = logsOf([healed({ verification: { status: 'unverified', by: null, passes: 0, at: null } })]);
    expect(evidence(unverified, '--empty', 'ok').code).toBe(3);
  });
});

describe('what it cannot tell', () => {
  it('answers 3 to a --since that is no time', () => {
    const { code, stdout, stderr } = evidence(logsOf([healed()]), '--since', 'the day before');
    expect(stderr).toMatch(
      /^grace: error: --since the day before is not a time \[GRACE_USAGE\]\ngrace: hint: --since 24h/,
    );
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  it.each(REPORTS)('answers 3 where %s finds no logs, names the path, and creates nothing', (name) => {
    const cwd = tempDir();
    const { code, stdout, stderr } = grace(['evidence', name, '--empty', 'ok'], { cwd });
    expect(stderr).toContain(`no logs: ${join(cwd, 'logs')} does not exist [GRACE_NO_LOGS]`);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('answers 3 in a directory that holds no log, and creates nothing there', () => {
    const dir = tempDir();
    const { code, stderr } = evidence(dir);
    expect(stderr).toContain('[GRACE_NO_LOGS]');
    expect(code).toBe(3);
    expect(readdirSync(dir)).toEqual([]);
  });

  it.each([['--empty', 'yes'], ['--nonsense']])('answers 3 to a usage error: %s', (...words) => {
    const { code, stdout, stderr } = evidence(logsOf([healed()]), ...words);
    expect(stderr).toContain('[GRACE_USAGE]');
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });

  it('answers 3 to a report there is not, and to none', () => {
    expect(grace(['evidence', 'selfhealing']).code).toBe(3);
    expect(grace(['evidence']).code).toBe(3);
  });
});

describe('looking changes nothing', () => {
  it.each(REPORTS)('%s leaves a read-only directory as it was', (name) => {
    const dir = logsOf([newIncident(), healed(), 'torn'], [newAudit()]);
    chmodSync(join(dir, INCIDENTS), 0o400);
    chmodSync(dir, 0o500);
    const before = [fingerprintOf(dir), keysMade()];
    const { stdout } = evidence(dir, name);
    expect([fingerprintOf(dir), keysMade()]).toEqual(before);
    expect(stdout).toContain('read into a temporary registry: its owner may not write there');
    chmodSync(dir, 0o700);
  });

  it('creates nothing but the registry where it may write', () => {
    const dir = logsOf([healed()], [newAudit()]);
    const keys = keysMade();
    evidence(dir, 'all');
    expect(keysMade()).toEqual(keys);
    expect(readdirSync(dir).filter((name) => !name.startsWith('registry.'))).toEqual([AUDIT, INCIDENTS].sort());
  });
});

describe('drills', () => {
  it('says after nothing but a drill that there was no real incident, and what to do next', () => {
    const { code, stdout } = evidence(logsOf([newIncident({ origin: 'drill' }), healed({ origin: 'drill' })]));
    expect(stdout.split('\n')[0]).toBe('[INCONCLUSIVE] self-healing: 0 real incidents; 1 drill healed and verified');
    expect(stdout).toContain('\n[PASS] drills: 1 of 1 healed and verified\n');
    expect(stdout).toMatch(/\nNext: .*\n {2}grace doctor --logs /);
    expect(code).toBe(3);
  });

  it('judges by the last drill', () => {
    const drill = (incident_id: string, hour: number, change: object) =>
      healed({ incident_id, origin: 'drill', detected_at: `2026-11-20T0${hour}:00:00Z`, ...change });
    const bad = { status: 'failed', verification: { status: 'failed', by: null, passes: 0, at: null } } as const;
    const last = json(logsOf([drill('a', 1, {}), drill('b', 2, bad)])).doc;
    expect(claimOf(last, 'drills')).toMatchObject({ verdict: 'FAIL', headline: 'drills: 1 of 2 healed and verified' });
    const first = json(logsOf([drill('a', 1, bad), drill('b', 2, {})])).doc;
    expect(claimOf(first, 'drills')).toMatchObject({ verdict: 'PASS', n: 2 });
  });

  it('says the same of a drill that really ran', () => {
    const dir = join(tempDir(), 'logs');
    expect(grace(['trigger', 'incident', '--logs', dir])).toMatchObject({ code: 0 });
    const { code, doc } = json(dir);
    expect(doc.claims[0].headline).toBe('self-healing: 0 real incidents; 1 drill healed and verified');
    expect(claimOf(doc, 'drills').verdict).toBe('PASS');
    expect(doc.time_to_recover).toEqual([
      expect.objectContaining({
        origin: 'drill',
        kind: 'healed',
        total: expect.objectContaining({ n: 1 }),
        confirm: expect.objectContaining({ n: 1 }),
        act: expect.objectContaining({ n: 1 }),
        verify: expect.objectContaining({ n: 1 }),
      }),
    ]);
    expect(code).toBe(3);
  });
});

describe('figures', () => {
  it('count an incident once, its lines and duplicates apart', () => {
    const [detected, resolved] = [newIncident(), healed()];
    const { doc } = json(logsOf([detected, detected, resolved, resolved, detected]));
    expect(claimOf(doc, 'self_healing').numbers).toMatchObject({ incidents: 1, lines: 5, duplicate_lines: 3, open: 0 });
    expect(doc.time_to_recover[0].total.n).toBe(1);
  });

  it('take a relapse as a second recovery of the same incident', () => {
    const again = { relapses: 1, mttr_seconds: 4.5 };
    const { doc } = json(logsOf([newIncident(), healed(), newIncident({ relapses: 1 }), healed(again)]));
    expect(doc.incidents[0]).toMatchObject({ incidents: 1, healed: 1, relapses: 1 });
    expect(doc.time_to_recover[0]).toMatchObject({
      origin: 'real',
      kind: 'healed',
      total: { n: 2, mean_s: 3, p50_s: 1.5, p95_s: 4.5, fastest_s: 1.5, slowest_s: 4.5 },
      confirm: { n: 2, mean_s: 0.5 },
    });
  });

  it('hold what grace did not do apart from what it did', () => {
    const alone = healed({ incident_id: 'inc_alone', resolution: 'self_recovered', mttr_seconds: 100 });
    const { doc } = json(logsOf([healed(), alone]));
    expect(claimOf(doc, 'self_healing').numbers).toMatchObject({ healed: 1, ended: 1, without_grace: 1 });
    expect(doc.time_to_recover.map((row: { kind: string }) => row.kind)).toEqual(['healed', 'without_grace']);
  });

  it('that there are none of stand nowhere', () => {
    const fresh = newIncident({ detected_at: new Date().toISOString() });
    const { stdout } = evidence(logsOf([fresh]));
    expect(stdout).toMatch(/^ {2}distinct +1$/m);
    expect(stdout).toMatch(/^ {2}open +1$/m);
    expect(stdout).not.toMatch(/0 of 0|success, of ended|relapses|duplicates|recovered,|recovered otherwise|mean/);
    expect(stdout).toMatch(/^By playbook\n {2}none$/m);
    expect(stdout).toMatch(/^By failure mode\n {2}failure mode +incidents\n {2}port_in_use +1$/m);
    const both = evidence(logsOf([fresh, healed({ incident_id: 'b', failure_mode: 'disk_full' })])).stdout;
    expect(both).toMatch(/^ {2}port_in_use +1 +– +–/m);
    expect(both).toMatch(/^ {2}disk_full +1 +1 of 1 +1 /m);
    expect(evidence(logsOf([fresh]), 'unified').stdout).toMatch(/as recorded\n {2}none is recorded$/m);
    expect(evidence(logsOf([fresh]), 'learning').stdout).not.toContain('config updates');
  });

  it('count from --since, and real incidents that are open however old', () => {
    const at = (day: number) => `2026-11-${day}T00:00:00Z`;
    const dir = logsOf(
      [
        healed({ incident_id: 'a', detected_at: at(10) }),
        newIncident({ incident_id: 'b', detected_at: at(10) }),
        newIncident({ incident_id: 'c', detected_at: at(10), origin: 'drill' }),
        healed({ incident_id: 'd', detected_at: at(20) }),
      ],
      [newAudit({ timestamp: at(10) }), newAudit({ timestamp: at(20) }), newAudit({ timestamp: at(21) })],
    );
    const { doc } = json(dir, '--since', '2026-11-15');
    expect(doc.since).toBe('2026-11-15T00:00:00.000Z');
    expect(doc.incidents.map((row: { incidents: number }) => row.incidents)).toEqual([2, 0, 0]);
    expect(doc.claims[0]).toMatchObject({ verdict: 'PARTIAL', numbers: { healed: 1, open: 1, open_past_limit: 1 } });
    expect(doc.time_to_recover[0].total.n).toBe(1);
    expect(json(dir, 'unified', '--since', '2026-11-15').doc.tasks).toBe(1);
    // Besides those that vouch for the incidents.
    const entries = (...since: string[]) => json(dir, 'learning', ...since).doc.entries - 4;
    expect([entries(), entries('--since', '2026-11-15'), entries('--since', '2026-11-01')]).toEqual([3, 2, 3]);
  });

  it('of tasks: by subsystem, type and status, with what is active', () => {
    const done = { duration_seconds: 8 };
    const { code, doc } = json(
      logsOf(
        [healed()],
        [
          taskEntry('task_registered', 't1'),
          taskEntry('task_started', 't1'),
          taskEntry('task_registered', 't2'),
          taskEntry('task_started', 't2'),
          taskEntry('task_completed', 't2', done),
          oldAudit({ action: 'task_completed', resource: 'fix' }),
          oldAudit({ action: 'task_completed', resource: 'fix' }),
        ],
      ),
      'unified',
    );
    expect(doc.by_status).toEqual({ pending: 0, active: 1, completed: 2, failed: 0, cancelled: 0 });
    expect(doc.by_subsystem.map((row: { subsystem: string; tasks: number }) => [row.subsystem, row.tasks])).toEqual([
      ['backup', 2],
      ['self_healing', 1],
    ]);
    expect(doc.durations).toMatchObject({ n: 2, mean_s: 4.75, p50_s: 1.5, p95_s: 8 });
    expect(doc.active).toMatchObject({ n: 1, first: [{ task_id: 't1' }] });
    expect(doc.legacy_unregistered).toEqual([{ action: 'task_completed', n: 2, resources: 1 }]);
    expect(doc.claims[0]).toMatchObject({ verdict: 'PASS', n: 3, excluded: [{ id: 'legacy_unregistered', n: 2 }] });
    expect(code).toBe(0);
  });

  it('of learning: a tick of the learner is what makes it active', () => {
    const tick = newAudit({ actor: 'learner', action: 'learning_tick' });
    const { code, stdout } = evidence(logsOf([], [tick]), 'learning');
    expect(stdout.split('\n')[0]).toBe('[PASS] LEARNING SYSTEM IS ACTIVE!');
    expect(code).toBe(0);
    const word = newAudit({ action: 'model_trained' });
    expect(evidence(logsOf([], [word]), 'learning').code).toBe(3);
  });
});

describe('lines that cannot be read', () => {
  it.each(REPORTS)('are counted by %s, and the first are named with file, offset and reason', (name) => {
    const good = line(healed());
    const binding = line(bindingOf(0, healed()));
    const dir = logsOf([healed(), 'not json\n'], ['{}\n', newAudit()]);
    const { stdout } = evidence(dir, name);
    expect(stdout).toContain('[PARTIAL] records: 5 lines read, 2 lines quarantined\n');
    expect(stdout).toMatch(new RegExp(`\\n {2}${INCIDENTS} +${good.length.toLocaleString('en-US')} +8 {2}not JSON\\n`));
    expect(stdout).toMatch(new RegExp(`\\n {2}${AUDIT} +${binding.length} +2 {2}field entry_id is missing\\n`));
  });

  it('are named by the file they stand in now, the rest of many counted', () => {
    const dir = logsOf(
      [healed()],
      Array.from({ length: 5 }, () => 'x\n'),
    );
    evidence(dir);
    renameSync(join(dir, AUDIT), join(dir, `${AUDIT}.1`));
    writeFileSync(join(dir, AUDIT), line(newAudit()));
    const { stdout } = evidence(dir);
    expect(stdout.match(/ {2}immutable_audit\.jsonl\.1 +\d+ +1 {2}not JSON\n/g)).toHaveLength(3);
    expect(stdout).toContain('and 2 more in the audit log');
  });

  it('make the unified registry PARTIAL, as does a line without its end', () => {
    expect(evidence(logsOf([healed(), 'x\n']), 'unified').code).toBe(1);
    const { code, doc } = json(logsOf([healed(), '{"incident_id":']), 'unified');
    expect(doc.claims[0]).toMatchObject({ verdict: 'PARTIAL', numbers: { unfolded_bytes: 15 } });
    expect(code).toBe(1);
  });
});

describe('bytes that are gone', () => {
  it('are a FAIL of the records at once, and for ever once they are noted', async () => {
    const dir = logsOf([healed()], [newAudit(), newAudit()]);
    expect(evidence(dir, 'unified').code).toBe(0);
    truncateSync(join(dir, AUDIT), statSync(join(dir, AUDIT)).size - line(newAudit()).length);
    const seen = json(dir, 'unified');
    expect(seen.code).toBe(2);
    expect(claimOf(seen.doc, 'record_integrity')).toMatchObject({ verdict: 'FAIL', numbers: { losses: 1 } });
    expect(evidence(dir).code).toBe(0);
    // Looking does not make the loss forgotten.
    expect(evidence(dir, '--strict').code).toBe(2);

    const ledger = openLedger(dir);
    await ledger.recover();
    ledger.close();
    const noted = json(dir, 'unified');
    expect(noted.doc.records.losses).toEqual([]);
    expect(noted.doc.records.noted_losses).toHaveLength(1);
    expect(claimOf(noted.doc, 'record_integrity').verdict).toBe('FAIL');
    expect(noted.code).toBe(2);
    appendFileSync(join(dir, AUDIT), line(newAudit({ timestamp: '2030-01-01T00:00:00Z' })));
    expect(claimOf(json(dir, '--since', '2029-01-01').doc, 'record_integrity').verdict).toBe('PASS');
  });
});

describe('the output', () => {
  const sample = () =>
    logsOf(
      [
        newIncident(),
        healed(),
        healed({ incident_id: 'inc_2', failure_mode: 'certificate_expiring', playbook_id: 'renew-the-certificate' }),
        healed({ incident_id: 'inc_3', origin: 'drill' }),
        'bad\n',
      ],
      [newAudit(), oldAudit({ actor: 'continuous_learning_loop', action: 'system_start' })],
    );

  it('has the headline on its first line, and survives head', () => {
    const { stdout, stderr } = run('bash', [
      ...[
        '-c',
        `"${process.execPath}" "${GRACE}" evidence all --logs "${sample()}" | head -1; echo "\${PIPESTATUS[0]}"`,
      ],
    ]);
    expect(stdout).toBe('[PASS] SELF-HEALING IS WORKING!\n0\n');
    expect(stderr).toBe('');
  });

  it('has no colour in a pipe or with NO_COLOR, and on demand on the verdicts only', () => {
    const dir = sample();
    const plain = evidence(dir, 'all').stdout;
    expect(plain).not.toContain('\u001b');
    const args = ['evidence', 'all', '--logs', dir];
    expect(grace(args, { env: { NO_COLOR: '1', FORCE_COLOR: '1' } }).stdout).not.toContain('\u001b');
    const coloured = grace(args, { env: { FORCE_COLOR: '1' } }).stdout;
    const painted = [...coloured.matchAll(/\u001b\[3[0-8]m([^\u001b]*)\u001b\[39m/g)].map(([, text]) => text);
    expect(painted.slice(0, 2)).toEqual(['PASS', 'INCONCLUSIVE']);
    for (const text of painted) expect(text).toMatch(/^(PASS|PARTIAL|FAIL|INCONCLUSIVE)$/);
    expect(coloured.match(/\u001b\[3[0-8]m/g)).toHaveLength(painted.length);
  });

  it('fits $COLUMNS when it is set, with every word of the wide form', () => {
    const dir = sample();
    const args = ['evidence', 'all', '--logs', dir];
    const lines = grace(args, { env: { COLUMNS: '60' } }).stdout.split('\n');
    expect(lines.filter((text) => text.length > 60 && !text.includes(dir) && !text.startsWith('  /'))).toEqual([]);
    expect(lines[0]).toBe('[PASS] SELF-HEALING IS WORKING!');
    const narrow = lines.join(' ').replace(/\s+/g, ' ');
    for (const words of [
      'renew-the-certificate',
      'certificate_expiring',
      'records: 11 lines read, 1 line quarantined',
    ]) {
      expect(narrow).toContain(words);
    }
  });

  it.each([60, 80, 120])('fits a terminal of %i columns', (columns) => {
    const dir = sample();
    if (!existsSync('/usr/bin/script')) {
      console.log('skipped: /usr/bin/script (util-linux) gives the terminal, and is not here');
      return;
    }
    const command = `stty cols ${columns} rows 50; "${process.execPath}" "${GRACE}" evidence all --logs "${dir}"`;
    const { stdout } = run('script', ['-qec', command, '/dev/null'], { env: { SHELL: '/bin/bash' } });
    expect(stdout).toContain('\u001b[32mPASS\u001b[39m');
    const lines = stdout.replace(/\u001b\[\d+m/g, '').split('\r\n');
    expect(lines[0]).toBe('[PASS] SELF-HEALING IS WORKING!');
    expect(lines.filter((text) => text.length > columns && !text.startsWith('  grace '))).toEqual([]);
    expect(lines).toContain('the original report would say');
  });

  it('never lets data speak to the terminal', () => {
    const evil = '\u001b]0;owned\u0007\u202ex';
    const dir = logsOf(
      [healed({ failure_mode: evil, playbook_id: evil }), failedIncident({ incident_id: `a'; rm ${evil}` })],
      [
        newAudit({ actor: 'learner', action: evil }),
        taskEntry('task_registered', 't', { subsystem: evil, title: evil }),
      ],
    );
    for (const name of REPORTS) {
      for (const args of [[], ['--json']]) {
        const { stdout } = evidence(dir, name, ...args);
        expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      }
    }
    expect(evidence(dir).stdout).toContain("grace registry show $'a\\x27\\x3b rm \\x1b\\x5d\\x30\\x3bowned\\x07");
  });

  it.each(REPORTS)('of %s --json is one document: schema, snake_case, UTC, the exit code', (name) => {
    const dir = sample();
    const { code, doc } = json(dir, name);
    expect(doc.schema).toBe(`grace.evidence.${name.replace('-', '_')}/1`);
    expect(doc.exit_code).toBe(code);
    expect(doc.verdict).toBe(doc.claims[0].verdict);
    expect(doc.logs).toBe(dir);
    expect(doc.generated_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    for (const claim of doc.claims) {
      expect(Object.keys(claim)).toEqual(['id', 'verdict', 'headline', 'n', 'numbers', 'excluded', 'reasons']);
      for (const number of Object.values(claim.numbers))
        expect(number === null || typeof number === 'number').toBe(true);
    }
    const keys: string[] = [];
    JSON.stringify(doc, (key, value) => {
      keys.push(key);
      return value;
    });
    for (const key of keys) expect(key).toMatch(/^[a-z0-9_]*$/);
  });

  it('explains itself', () => {
    const { code, stdout } = grace(['evidence', 'self-healing', '--help']);
    for (const option of ['--logs', '--config', '--since', '--json', '--strict', '--empty']) {
      expect(stdout).toContain(option);
    }
    expect(code).toBe(0);
  });

  it('finds its logs by $GRACE_LOGS and by grace.yaml too', () => {
    const dir = sample();
    expect(grace(['evidence', 'self-healing'], { env: { GRACE_LOGS: dir } }).code).toBe(0);
    const cwd = tempDir();
    mkdirSync(join(cwd, 'etc'));
    writeFileSync(join(cwd, 'etc', 'grace.yaml'), `version: 1\nlogs: ${dir}\n`);
    expect(grace(['evidence', 'self-healing', '--config', 'etc/grace.yaml'], { cwd }).code).toBe(0);
  });
});
