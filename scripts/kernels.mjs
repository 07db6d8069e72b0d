// `npm run test:kernels [-- --kernel PACKAGE] [-- FILE…]`: tests of the kernel side with Debian's own kernel, started by qemu under
// software emulation, as root in a copy-on-write view of this machine. It has what the kernel here may lack: IPIP, WireGuard, VRF.
import { createWriteStream, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { debianKernel } from '../test/kernels/debian-kernel.mjs';
import { runIn } from '../test/kernels/machine.mjs';
import { ensure, root, TEST_COMMANDS } from './ensure.mjs';

const INTEROP = [
  'bfd-vrf',
  'cni-disturbed',
  'ecmp',
  'forward-filters',
  'ipip',
  'kernel',
  'masquerade',
  'network',
  'network-disturbed',
  'restart',
  'tables',
  'ways-switch',
  'ways-tcp',
  'wireguard',
];
const USUAL = [
  ...readdirSync(join(root, 'packages/linux/test/kernel')).map(
    (name) => `packages/linux/dist/test/kernel/${name.replace(/\.ts$/, '.js')}`,
  ),
  'packages/agent/dist/test/reconcilers/fib-kernel.test.js',
  ...INTEROP.map((name) => `test/interop/dist/test/${name}.test.js`),
];

const { values, positionals } = parseArgs({ options: { kernel: { type: 'string' } }, allowPositionals: true });
ensure({
  commands: { ...TEST_COMMANDS, 'qemu-system-x86_64': 'qemu-system-x86', busybox: 'busybox-static' },
  tap: true,
});
if (process.arch !== 'x64') {
  console.error('tortie: this starts a kernel for x86-64 and wants such a machine');
  process.exit(1);
}
const files = positionals.length > 0 ? positionals : USUAL;
const kernel = debianKernel(values.kernel);
const log = join(mkdtempSync(join(tmpdir(), 'tortie-kernels-')), 'all.tap');
const whole = createWriteStream(log);
console.log(`Linux ${kernel.release} under qemu; the whole output: ${log}`);

const each = 'for file; do echo "kernels: file $file"; "$NODE" "$file"; echo "kernels: status $?"; done';
const counts = { pass: 0, fail: 0, skip: 0 };
const failed = [];
let file = '';
let startedMs = 0;
const onLine = (line) => {
  whole.write(`${line}\n`);
  const started = /^kernels: file (.*)$/.exec(line);
  if (started) [file, startedMs] = [started[1], Date.now()];
  const ended = /^kernels: status (\d+)$/.exec(line);
  if (ended) {
    const seconds = ((Date.now() - startedMs) / 1000).toFixed(0);
    console.log(`${ended[1] === '0' ? '  ok' : 'FAIL'} ${file} ${seconds} s`);
    if (ended[1] !== '0') failed.push(file);
  }
  const result = /^\s+(not ok|ok) \d+(?: - (.*))?$/.exec(line);
  if (!result || result[2]?.endsWith('{')) return;
  const [, verdict, name = ''] = result;
  const skip = /# SKIP\b ?(.*)$/i.exec(name);
  if (skip) console.log(`       skipped: ${name}`);
  if (verdict === 'not ok') console.log(`       not ok: ${name}`);
  counts[skip ? 'skip' : verdict === 'ok' ? 'pass' : 'fail']++;
};
const status = await runIn(kernel, ['sh', '-c', each, 'sh', ...files], {
  cwd: root,
  // Emulation is some twenty times slower; nothing is asserted on time.
  env: { NODE: process.execPath, TAP_TIMEOUT: '1200', TORTIE_PATIENCE: '5' },
  onLine,
});
console.log(`\n${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`);
process.exit(status === 0 && failed.length === 0 && counts.pass > 0 ? 0 : 1);
