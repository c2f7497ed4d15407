/** What was seen of a host, for a configuration to begin with. All texts are data from the host. */
export interface FoundOnHost {
  readonly listeners: readonly Listener[];
  /** Names of services whose unit files lie in /etc/systemd/system. */
  readonly units: readonly string[];
  /** Where filesystems on disks are mounted. */
  readonly mounts: readonly string[];
  /** Absolute paths of SQLite databases. */
  readonly databases: readonly string[];
  /** Absolute paths of certificates in PEM. */
  readonly certificates: readonly string[];
}

/** A TCP port on which somebody listens. */
export interface Listener {
  readonly port: number;
  /** Of who listens; `undefined` when that cannot be seen. */
  readonly executable?: string;
  /** The systemd unit that it runs in. */
  readonly unit?: string;
}
