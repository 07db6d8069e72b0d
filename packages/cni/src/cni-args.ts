/** CNI_ARGS: `KEY=VALUE;KEY=VALUE`, and what of it means something here. */
import { CniError } from './errors.js';

/** `IP` and `MAC` as the reference plugins know them, `K8S_POD_…` as kubelet's runtimes set them. */
const KNOWN = [
  'IgnoreUnknown',
  'IP',
  'MAC',
  'IPV4_POOLS',
  'IPV6_POOLS',
  'K8S_POD_NAMESPACE',
  'K8S_POD_NAME',
  'K8S_POD_UID',
  'K8S_POD_INFRA_CONTAINER_ID',
] as const;

export type CniArgs = Readonly<Partial<Record<(typeof KNOWN)[number], string>>>;

const TRUE = new Set(['1', 't', 'T', 'true', 'True', 'TRUE']);

/** Throws `ERR_CNI_ENVIRONMENT` for what is no pair, and for unknown keys unless IgnoreUnknown is set. */
export function readCniArgs(text: string): CniArgs {
  const args: Record<string, string> = {};
  for (const pair of text.split(';')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    if (at <= 0) throw refusal(`"${pair}" is no KEY=VALUE`);
    args[pair.slice(0, at)] = pair.slice(at + 1);
  }
  if (!TRUE.has(args.IgnoreUnknown ?? '')) {
    const unknown = Object.keys(args).find((key) => !KNOWN.includes(key as (typeof KNOWN)[number]));
    if (unknown !== undefined) {
      throw refusal(
        `"${unknown}" means nothing here; leave it out, or add IgnoreUnknown=1. Known are ${KNOWN.join(', ')}`,
      );
    }
  }
  return args;
}

const refusal = (detail: string): CniError => new CniError('ERR_CNI_ENVIRONMENT', `CNI_ARGS: ${detail}`);
