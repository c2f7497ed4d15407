import { DRILL_HEADER } from './drill-header.js';
import type { Service } from './service-process.js';

export const DRILL_HOST = '127.0.0.1';

export function healthUrl({ port }: Pick<Service, 'port'>): string {
  return `http://${DRILL_HOST}:${port}/health`;
}

/** The check of grace.yaml that this drill's own service answers there. */
export function answersWell(
  service: Pick<Service, 'port'>,
  nonce: string,
  more: object = {},
): { readonly http: object } {
  return { http: { url: healthUrl(service), expect_header: { name: DRILL_HEADER, value: nonce }, ...more } };
}
