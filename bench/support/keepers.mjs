import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasTool } from './command.mjs';
import { GRACE } from './workspace.mjs';

const NODE = process.execPath;

/** Programs that keep a service running. Each answers how to begin, and how to end all that it has begun. */
export const KEEPERS = {
  monit: {
    label: 'Monit (1 s cycle)',
    missing: () => (hasTool('monit') ? undefined : 'monit is not installed'),
    start: monit,
  },
  supervisord: {
    label: 'supervisord',
    missing: () => (hasTool('supervisord') ? undefined : 'supervisor is not installed'),
    start: supervisord,
  },
  runit: { label: 'runit', missing: () => (hasTool('runsv') ? undefined : 'runit is not installed'), start: runit },
  pm2: { label: 'PM2', missing: () => undefined, start: pm2 },
};

function monit(dir, web, port) {
  const pidfile = join(dir, 'web.pid');
  const script = join(dir, 'start.sh');
  writeFileSync(
    script,
    `#!/bin/sh\nset -m\n${NODE} ${web} ${port} </dev/null >/dev/null 2>&1 &\necho $! > ${pidfile}\n`,
  );
  chmodSync(script, 0o700);
  const rc = join(dir, 'monitrc');
  writeFileSync(
    rc,
    `set daemon 1\nset pidfile ${dir}/monit.pid\nset idfile ${dir}/monit.id\nset statefile ${dir}/monit.state\n` +
      `check process web with pidfile ${pidfile}\n  start program = "${script}"\n`,
  );
  chmodSync(rc, 0o600);
  return keeper('monit', ['-I', '-c', rc], dir);
}

function supervisord(dir, web, port) {
  const conf = join(dir, 'supervisord.conf');
  writeFileSync(
    conf,
    `[supervisord]\nnodaemon=true\nuser=root\nlogfile=${dir}/log\npidfile=${dir}/pid\nchildlogdir=${dir}\n` +
      `[program:web]\ncommand=${NODE} ${web} ${port}\nautorestart=true\nstartretries=1000\nstartsecs=0\n`,
  );
  return keeper('supervisord', ['-c', conf], dir);
}

function runit(dir, web, port) {
  const service = join(dir, 'web');
  mkdirSync(service);
  writeFileSync(join(service, 'run'), `#!/bin/sh\nexec ${NODE} ${web} ${port}\n`);
  chmodSync(join(service, 'run'), 0o700);
  return keeper('runsv', [service], dir);
}

function pm2(dir, web, port) {
  const install = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', dir, 'pm2@6'], {
    encoding: 'utf8',
  });
  if (install.status !== 0) throw new Error(`pm2 cannot be installed: ${install.stderr.split('\n')[0]}`);
  const program = join(dir, 'node_modules', 'pm2', 'bin', 'pm2-runtime');
  return keeper(NODE, [program, 'start', web, '--', String(port)], dir, { PM2_HOME: join(dir, 'home') });
}

/** grace as any operator would have it: a check over HTTP, a remedy that starts the program again. */
export function grace(dir, web, port, { every, confirm }) {
  const config = join(dir, 'grace.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      version: 1,
      mode: 'act',
      logs: './logs',
      checks: {
        web: {
          http: { url: `http://127.0.0.1:${port}/` },
          ...{ every, confirm, heal: ['restart-web'] },
          limits: { cooldown: '0s', max: ['1000/1h'] },
        },
      },
      playbooks: {
        'restart-web': {
          risk: 'low',
          steps: [{ restart: { start: [NODE, web, String(port)], pidfile: join(dir, 'web.pid') } }],
          verify: { passes: 2, within: '5s', every: '5ms' },
        },
      },
    }),
  );
  const state = { XDG_STATE_HOME: join(dir, 'state') };
  return keeper(NODE, [GRACE, 'heal', 'watch', '--config', config], dir, state, () => {
    const pidfile = join(dir, 'web.pid');
    return existsSync(pidfile) ? [Number(readFileSync(pidfile, 'utf8'))] : [];
  });
}

function keeper(command, args, dir, env = {}, others = () => []) {
  const child = spawn(command, args, { cwd: dir, stdio: 'ignore', detached: true, env: { ...process.env, ...env } });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const ended = exited.then((code) => Promise.reject(new Error(`${command} ended by itself with ${code}`)));
  ended.catch(() => undefined);
  return {
    /** Rejects when it ends, which it is not to do by itself. */
    ended,
    async end(servers) {
      child.kill('SIGTERM');
      await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
      for (const pid of [-child.pid, ...servers, ...others()]) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended.
        }
      }
    },
  };
}
