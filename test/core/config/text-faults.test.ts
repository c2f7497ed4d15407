import { expect, it } from 'vitest';
import { readConfig } from '../../../src/core/config/read-config.js';

/** `LINE FIELD: SUGGESTION` of each fault; its message stands between `LINE` and the suggestion where it is asked for. */
async function hintsOf(text: string): Promise<string[]> {
  const read = await readConfig(text, 'grace.yaml');
  const told = read.ok ? read.warnings : read.faults;
  return told.map(({ line, field, suggestion }) => `${line} ${field}: ${suggestion ?? 'nothing'}`);
}

const STAR = 'a text that begins with * must stand in quotes:';

it.each<[slip: string, text: string, hints: readonly string[]]>([
  ['tabs', 'version: 1\nchecks:\n\tweb: {}\n', ['3 : indent with blanks, two for each level']],
  [
    'a line that is indented by half',
    'checks:\n  web:\n    tcp: { port: 1 }\n   every: 5s\n',
    ['4 : begin it below the first letter of what it stands beside'],
  ],
  ['no colon', 'checks:\n  web\n    tcp: { port: 1 }\n', ['2 : a colon must follow the name: web:']],
  ['no blank after a colon', 'version:1\nmode: act\n', ['1 : a blank must follow the colon: version: 1']],
  [
    'a star, twice',
    'maintenance:\n  - cron: * * * * *\n    checks: [*]\n',
    [`2 : ${STAR} "* * * * *"`, `3 : ${STAR} "*"`],
  ],
  ['a star before a word', 'version: 1\nlogs: *-db\n', [`2 logs: ${STAR} "*-db"`]],
  [
    'an alias misspelt',
    'version: 1\nchecks:\n  a: { tcp: &T { port: 1 } }\n  b: { tcp: *t }\n',
    ['4 checks.b.tcp: did you mean *T?'],
  ],
  ['a reserved letter', 'maintenance:\n  - { cron: @daily }\n', ['2 : put it in quotes: "@daily"']],
  ['a quote that stays open', 'logs: "/x\nmode: act\n', ['3 : a quote that was opened further up is not closed']],
  [
    'an apostrophe in single quotes',
    "logs: 'it's'\n",
    ["1 : within single quotes write '' for each ', or put it in double quotes"],
  ],
  ['a colon within a text', 'logs: a: b\n', ['1 : a text that holds a colon and a blank must stand in quotes']],
  [
    'a brace that stays open',
    'checks:\n  a: { tcp: { port: 1 }\n  b: 1\n',
    ['3 : something before this is not closed with }; what follows a blank and a # is a comment'],
  ],
  [
    'an expression in double quotes',
    'logs: "\\d+"\n',
    ['1 : put it in single quotes, in which a backslash is only a backslash'],
  ],
  [
    'a merge that was left as it was',
    'version: 1\n<<<<<<< HEAD\nmode: act\n',
    ['2 : two versions were merged here and not settled: keep one of them'],
  ],
  ['a blank that is none', 'version: 1\n"\u00a0mode": act\n', ['2 ["\u00a0mode"]: type the blanks anew']],
  [
    'a parameter without quotes',
    'version: 1\nplaybooks: { p: { steps: [{ run: [/bin/echo, {port}] }] } }\n',
    ['2 playbooks.p.steps[0].run[1]: write "{port}"'],
  ],
  [
    'a check that is not indented',
    'version: 1\nchecks:\nweb:\n  tcp: { port: 1 }\n',
    ['3 web: if it is a check, indent it below checks:'],
  ],
  [
    'settings that are not indented',
    'version: 1\nchecks:\n  web:\n  every: 5s\n',
    [
      '3 checks.web: indent what belongs to it further than its name',
      '4 checks.every: if it belongs to the check above, indent it further',
    ],
  ],
  [
    'the kind as a value',
    'version: 1\nchecks: { a: { type: http, url: http://x } }\n',
    [
      '2 checks.a: nothing',
      '2 checks.a.type: write http: { … }, with what belongs to it inside',
      '2 checks.a.url: it belongs inside http',
    ],
  ],
  [
    'settings one level too far out, too far in, and elsewhere',
    'version: 1\nchecks: { a: { tcp: { port: 1, every: 5s }, timeout: 2s, relapse: 1m } }\nplaybooks: { p: { steps: [{ wait: 1s, verify: {} }], cooldown: 5m, heal: [] } }\n',
    [
      '2 checks.a.tcp.every: it belongs one level further out, beside tcp',
      '2 checks.a.timeout: it belongs inside tcp',
      '2 checks.a.relapse: it belongs to a playbook',
      '3 playbooks.p.steps[0].verify: it belongs one level further out, beside steps',
      '3 playbooks.p.cooldown: it belongs to a check, inside limits',
      '3 playbooks.p.heal: it belongs to a check',
    ],
  ],
  ['nothing but comments', '# mine\n', ['1 : grace heal init   # prints a configuration to begin with']],
])('%s', async (_slip, text, hints) => {
  expect(await hintsOf(text)).toEqual(hints);
});

it('what is no configuration at all is not shown', async () => {
  const read = await readConfig('hunter2 is what it says\n', '/root/password');
  expect(JSON.stringify(read)).not.toContain('hunter2');
  expect(read.ok).toBe(false);
});

it('what a shell would fill in is said to stay as it is', async () => {
  const text = 'version: 1\nlogs: ~/logs\nchecks: { a: { http: { url: "http://$HOST/" } } }\n';
  const read = await readConfig(text, 'grace.yaml');
  expect(read.ok && read.warnings.map(({ field, message }) => `${field}: ${message}`)).toEqual([
    'logs: holds ~, in the place of which nothing is filled in',
    'checks.a.http.url: holds $HOST, in the place of which nothing is filled in',
  ]);
});
