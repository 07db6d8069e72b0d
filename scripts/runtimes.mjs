// `npm run test:runtimes`: real container runtimes call the CNI plugin of a real agent: podman, and
// containerd asked as kubelet asks; and BIRD runs in containers beside agents.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensure, LAB_COMMANDS, root, TEST_FILES } from './ensure.mjs';

ensure({
  commands: {
    ...LAB_COMMANDS,
    podman: 'podman',
    conmon: 'conmon',
    runc: 'runc',
    containerd: 'containerd',
    busybox: 'busybox-static',
    iptables: 'iptables',
  },
  files: TEST_FILES,
});
let failed = false;
for (const suite of ['podman', 'containerd', 'bird']) {
  const { status } = spawnSync(process.execPath, [join(root, `test/runtimes/dist/suite/${suite}.test.js`)], {
    stdio: 'inherit',
    env: { ...process.env, TAP_TIMEOUT: '300' },
  });
  failed ||= status !== 0;
}
process.exit(failed ? 1 : 0);
