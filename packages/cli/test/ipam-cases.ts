/** What the commands about address management ask and show. */
import type { CommandCase } from './command-case.js';

const USAGE = {
  ...{ pool: 'p4', cidr: '10.244.0.0/16', blockSize: 26, disabled: false, terminating: false },
  ...{ total: 65536, inUse: 3, reserved: 4, resting: 1, free: 65528, blocks: 1, maxBlocks: 1024 },
};
const BLOCK = {
  ...{ cidr: '10.244.0.0/26', node: 'node-1', state: 'confirmed', size: 64, assigned: 3, borrowed: 1 },
  ...{ resting: 1, reserved: 4, free: 56, map: `#b#~rrrr${'.'.repeat(56)}`, mapStep: 1 },
};
const LARGE = { ...BLOCK, cidr: '10.245.0.0/20', size: 4096, map: `#5${'.'.repeat(62)}`, mapStep: 64 };
export const LEAK = {
  address: '10.244.0.9',
  handle: 'k8s.1',
  sequence: 7,
  node: 'node-9',
  reason: 'node node-9 is gone',
};
export const CHECK = {
  ...{ ok: true, cluster: 'c1', revision: 5, time: '2026-01-02T03:04:05Z', node: 'node-1' },
  ...{ pools: 1, blocks: 1, handles: 1, assignments: 1, findings: [], leaks: [] },
};
const RETIREMENT = {
  ...{ pool: 'p4', stage: 'draining', assigned: 21, blocks: 2 },
  held: [{ address: '10.244.0.9', handle: 'k8s.1', node: 'node-1' }],
};

export const IPAM_CASES: readonly CommandCase[] = [
  {
    args: ['ipam', 'show'],
    answers: { 'GET /v1/ipam/usage': { body: { pools: [USAGE] } } },
    shows: [
      /^POOL +CIDR +TOTAL +IN USE +RESERVED +RESTING +FREE$/m,
      /^p4 +10\.244\.0\.0\/16 +65536 +3 \(<1%\) +4 +1 +65528$/m,
    ],
  },
  {
    args: ['ipam', 'show', '--show-blocks', '--pool', 'p4'],
    answers: {
      'GET /v1/ipam/usage': { body: { pools: [USAGE, { ...USAGE, pool: 'other' }] } },
      'GET /v1/ipam/blocks': { body: { blocks: [BLOCK] } },
    },
    asks: 'GET /v1/ipam/blocks?map=true&pool=p4',
    shows: [/^p4 /m, /^10\.244\.0\.0\/26 +node-1 +64 +3 \(4%\) +4 +1 +56$/m, /^ {2}#b#~rrrr\.{56}$/m, /^\. free/m],
  },
  {
    args: ['ipam', 'show', '--show-blocks'],
    answers: {
      'GET /v1/ipam/usage': { body: { pools: [USAGE] } },
      'GET /v1/ipam/blocks': { body: { blocks: [BLOCK, LARGE] } },
    },
    shows: [/^ {2}#5\.{62} {2}x64$/m, /^0-9 tenths of a mixed group/m],
  },
  {
    args: ['ipam', 'show', '--show-blocks'],
    answers: { 'GET /v1/ipam/usage': { body: { pools: [] } }, 'GET /v1/ipam/blocks': { body: { blocks: [] } } },
    shows: [/^no pools/, /^no blocks$/m],
  },
  {
    args: ['ipam', 'show', '--show-borrowed'],
    answers: {
      'GET /v1/ipam/assignments': {
        body: {
          assignments: [{ address: '10.244.0.2', handle: 'h', node: 'node-2', block: '10.244.0.0/26', borrowed: true }],
        },
      },
      'GET /v1/ipam/blocks': { body: { blocks: [BLOCK] } },
    },
    shows: [/^10\.244\.0\.2 +node-2 +10\.244\.0\.0\/26 +node-1 +h$/m],
  },
  {
    args: ['ipam', 'show', '--show-configuration'],
    answers: {
      'GET /v1/ipam/config': {
        body: { strictAffinity: false, autoAllocateBlocks: true, maxBlocksPerHost: 20, cooldownS: 60, leakGraceS: 0 },
      },
    },
    shows: [/^blocks per host and version: +20$/m, /^cooldown: +60 s$/m, /^leaks are freed after: +never$/m],
  },
  {
    args: ['ipam', 'show', '--ip', 'fd00::1'],
    answers: {
      'GET /v1/ipam/addresses/fd00%3A%3A1': {
        body: {
          ...{
            address: 'fd00::1',
            state: 'used',
            pool: 'six',
            block: 'fd00::/122',
            blockNode: 'node-1',
            reservations: [],
          },
          assignment: { address: 'fd00::1', handle: 'h', node: 'node-2', block: 'fd00::/122', borrowed: true },
          facts: [{ name: 'pod', value: 'web-1' }],
        },
      },
    },
    shows: [/^fd00::1 is in use$/m, /^used on node: +node-2, borrowed$/m, /^pod: +web-1$/m],
  },
  {
    args: ['ipam', 'show', '--ip', '10.1.1.1'],
    answers: {
      'GET /v1/ipam/addresses/10.1.1.1': { body: { address: '10.1.1.1', state: 'outside', reservations: [] } },
    },
    shows: [/^10\.1\.1\.1 is in no pool$/m],
  },
  {
    args: ['ipam', 'check'],
    answers: { 'GET /v1/ipam/check': { body: CHECK } },
    shows: [/all invariants hold/],
  },
  {
    args: ['ipam', 'check'],
    answers: { 'GET /v1/ipam/check': { body: { ...CHECK, leaks: [LEAK] } } },
    shows: [/as far as node-1 can tell/, /^10\.244\.0\.9 +node-9 +k8s\.1 +node node-9 is gone$/m],
  },
  {
    args: ['ipam', 'check'],
    answers: {
      'GET /v1/ipam/check': { body: { ...CHECK, ok: false, findings: [{ code: 'orphan', detail: 'nobody owns it' }] } },
    },
    shows: [/^orphan +- +nobody owns it$/m, /tortie ipam repair --dry-run/],
    code: 1,
  },
  {
    args: ['ipam', 'repair', '--dry-run'],
    answers: {
      'POST /v1/ipam/repair': {
        body: {
          ...{ dryRun: true, repairs: [{ code: 'block-mended', detail: 'ordinal 3', subject: '/k' }] },
          remaining: [{ code: 'address-twice', detail: 'two', subject: '/b', advice: 'release one' }],
        },
      },
    },
    body: { dryRun: true },
    shows: [/^WOULD DO/m, /^block-mended +\/k +ordinal 3$/m, /^address-twice: release one$/m],
    code: 1,
  },
  {
    args: ['ipam', 'repair'],
    answers: { 'POST /v1/ipam/repair': { body: { dryRun: false, repairs: [], remaining: [] } } },
    body: {},
    shows: [/^nothing to repair$/m],
  },
  {
    args: ['ipam', 'gc', '--dry-run'],
    answers: {
      'POST /v1/ipam/gc': {
        body: {
          ...{ dryRun: true, freed: [{ code: 'leaked-address', detail: 'gone', subject: 'h' }] },
          candidates: [{ code: 'empty-block', detail: 'idle', subject: '10.0.0.0/26' }],
        },
      },
    },
    body: { dryRun: true },
    shows: [/^WOULD FREE/m, /^leaked-address +h +gone$/m, /^empty-block +10\.0\.0\.0\/26 +idle$/m],
  },
  {
    args: ['ipam', 'pools', 'rm', 'p4', '--drain'],
    answers: { 'DELETE /v1/ipam/pools/p4?drain=true': { status: 202, body: RETIREMENT } },
    shows: [/21 are in use$/m, /^the first 1:$/m, /^10\.244\.0\.9 +node-1 +k8s\.1$/m],
  },
  {
    args: ['ipam', 'pools', 'rm', 'p4', '--drain'],
    answers: { 'DELETE /v1/ipam/pools/p4?drain=true': { status: 204 } },
    shows: [/^removed p4$/m],
  },
  {
    args: ['ipam', 'split', 'p4', '2'],
    answers: { 'POST /v1/ipam/pools/p4/split': { body: { pools: [{ name: 'p4-0', cidr: '10.244.0.0/17' }] } } },
    body: { parts: 2 },
    shows: [/^p4-0 10\.244\.0\.0\/17$/m],
  },
  {
    args: ['ipam', 'migrate', 'p4', '10.250.0.0/16', '--block-size', '28'],
    answers: {
      'GET /v1/ipam/pools/p4': {
        body: { name: 'p4', cidr: '10.244.0.0/16', blockSize: 26, disabled: false, terminating: false, revision: 3 },
      },
      'POST /v1/ipam/pools': { status: 201, body: { name: 'p4-new', cidr: '10.250.0.0/16', blockSize: 28 } },
      'DELETE /v1/ipam/pools/p4?drain=true': { status: 202, body: RETIREMENT },
    },
    asks: 'DELETE /v1/ipam/pools/p4?drain=true',
    shows: [
      /^added p4-new 10\.250\.0\.0\/16 with blocks of \/28$/m,
      /then look again: tortie ipam pools rm p4 --drain/,
    ],
  },
  {
    args: ['ipam', 'configure', '--strict-affinity', 'yes', '--max-blocks-per-host', '0', '--leak-grace', '60'],
    answers: { 'PATCH /v1/ipam/config': { body: {} } },
    body: { strictAffinity: true, maxBlocksPerHost: 0, leakGraceS: 60 },
  },
  {
    args: ['ipam', 'reservations', 'list'],
    answers: {
      'GET /v1/ipam/reservations': { body: { reservations: [{ name: 'gw', cidrs: ['10.0.0.0/30', 'fd00::/120'] }] } },
    },
    shows: [/^gw +10\.0\.0\.0\/30 fd00::\/120$/m],
  },
  {
    args: ['ipam', 'reservations', 'add', 'gw', '10.0.0.0/30', 'fd00::/120'],
    answers: { 'PUT /v1/ipam/reservations/gw': { body: { name: 'gw', cidrs: [] } } },
    body: { cidrs: ['10.0.0.0/30', 'fd00::/120'] },
  },
  { args: ['ipam', 'reservations', 'rm', 'gw'], answers: { 'DELETE /v1/ipam/reservations/gw': { status: 204 } } },
  {
    args: ['ipam', 'nodes', 'list'],
    answers: {
      'GET /v1/ipam/nodes': {
        body: {
          nodes: [
            { node: 'node-1', known: true, blocks4: 3, blocks6: 1, maxBlocksPerHost: 20, visits: 0 },
            { node: 'node-9', known: false, blocks4: 1, blocks6: 0, maxBlocksPerHost: 20, visits: 2 },
          ],
        },
      },
    },
    shows: [/^node-1 +3\/20 +1\/20 +- +-$/m, /^node-9 +1\/20 +0\/20 +2 blocks +gone/m],
  },
  {
    args: ['ipam', 'nodes', 'rm', 'node-9'],
    answers: { 'DELETE /v1/ipam/nodes/node-9': { status: 204 } },
    shows: [/^removed node-9/],
  },
];
