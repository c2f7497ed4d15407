/** A configuration in which everything of a first one occurs. */
export const SAMPLE = `version: 1
mode: observe                    # observe | act, here and per check; the default observes
logs: /var/lib/grace
checks:
  disk-root:
    disk: { path: /, used_below: 90%, inodes_used_below: 90% }
  web:
    http: { url: http://127.0.0.1:8080/health, expect: 200, timeout: 2s }
    every: 5s
    confirm: 2 of 3
    failure_mode: api_timeout
    severity: high
    depends_on: [disk-root]
    heal: [reload-web, restart-web]
    limits: { cooldown: 5m, max: [3/1h, 7/1d] }
playbooks:
  reload-web:
    risk: low
    steps:
      - signal: { unit: web.service, signal: HUP }
  restart-web:
    risk: low
    steps:
      - run: [/usr/bin/systemctl, restart, web]
        timeout: 30s
    verify: { passes: 2, within: 30s }
    relapse: 10m
policy:
  autonomy: { low: auto, medium: approve, high: approve }
  brake: { incidents: 20, within: 5m }
accounts:
  learner: { may: [reorder, wait] }
learning: { mode: propose, holdout: 20% }
notify:
  - run: [/usr/local/bin/page-oncall]
`;
