/** How etcd lets the store in, and what is said where it does not. No message carries a secret. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type EtcdStoreOptions, openEtcdStore } from '../../etcd/index.js';
import type { StoreError } from '../../src/index.js';
import { EtcdCluster, etcdMissing, makeCertificates } from '../../testing/etcd/index.js';

t.setTimeout(300_000);
// Each has servers of its own, and they wait more than they work.
t.jobs = 2;

const root = mkdtempSync(join(tmpdir(), 'tortie-etcd-access-'));
t.teardown(() => rmSync(root, { recursive: true, force: true }));

const inRoot = (name: string): string => join(root, name);
/** What the first request fails with. */
async function failure(options: EtcdStoreOptions): Promise<StoreError> {
  const store = openEtcdStore({ timeoutMs: 1_000, ...options });
  try {
    await store.get('/a');
  } catch (error) {
    return error as StoreError;
  } finally {
    await store.close();
  }
  throw new Error('the request succeeded');
}

t.test('TLS', { skip: etcdMissing }, async (t) => {
  const address = '127.0.0.1';
  const tls = await makeCertificates(root, { name: 'ours', address });
  const other = await makeCertificates(root, { name: 'other', address });
  const elsewhere = await makeCertificates(root, { name: 'elsewhere', address: '127.0.0.2' });
  const etcd = await EtcdCluster.start({ tls });
  t.teardown(() => etcd.stop());
  const { endpoints } = etcd;
  const [caFile, certFile, keyFile] = [tls.ca, tls.cert, tls.key];

  await t.test('a client with a certificate of the right authority works and watches', async (t) => {
    const store = openEtcdStore({ endpoints, caFile, certFile, keyFile });
    const revision = await store.create('/a', 1);
    for await (const event of store.watch('/', revision - 1)) {
      t.match(event, { key: '/a', value: 1 });
      break;
    }
    await store.close();
  });

  const rows: readonly { name: string; options: EtcdStoreOptions; code: string; message: RegExp }[] = [
    {
      name: 'a server of an unknown authority',
      options: { endpoints, caFile: other.ca, certFile, keyFile },
      code: 'ERR_STORE_UNAVAILABLE',
      message: /https:.*its certificate is not trusted.*caFile/,
    },
    {
      name: 'no certificate where the server wants one',
      options: { endpoints, caFile },
      code: 'ERR_STORE_UNAVAILABLE',
      message: /https:.*client certificate/,
    },
    {
      name: 'a certificate of another authority',
      options: { endpoints, caFile, certFile: other.cert, keyFile: other.key },
      code: 'ERR_STORE_UNAVAILABLE',
      message: /https:.*client certificate/,
    },
    {
      name: 'plain text where the server speaks TLS',
      options: { endpoints: [endpoints[0]!.replace('https', 'http')] },
      code: 'ERR_STORE_UNAVAILABLE',
      message: /http:.*it ends the connection.*http or https/,
    },
    {
      name: 'a file that is not there',
      options: { endpoints, caFile: inRoot('none.pem') },
      code: 'ERR_STORE_PERMISSION',
      message: /cannot use the certificate authority .*none\.pem: there is no such file/,
    },
    {
      name: 'a file that is no certificate',
      options: { endpoints, caFile: inRoot('ours-extensions') },
      code: 'ERR_STORE_PERMISSION',
      message: /no PEM/,
    },
  ];
  for (const { name, options, code, message } of rows) {
    await t.test(`${name} is told`, async (t) => {
      const error = await failure(options);
      t.equal(error.code, code, error.message);
      t.match(error.message, message);
    });
  }

  await t.test('a server with a certificate for another address is told', async (t) => {
    const wrong = await EtcdCluster.start({ tls: elsewhere, probe: false });
    t.teardown(() => wrong.stop());
    const options = { caFile: elsewhere.ca, certFile: elsewhere.cert, keyFile: elsewhere.key };
    const error = await failure({ ...options, endpoints: wrong.endpoints, timeoutMs: 5_000 });
    t.match(error.message, /its certificate is for another name/);
  });

  await t.test('certificates are read again for each connection', async (t) => {
    const copied = inRoot('renewed.pem');
    copyFileSync(other.ca, copied);
    const store = openEtcdStore({ endpoints, caFile: copied, certFile, keyFile, timeoutMs: 1_000 });
    await t.rejects(store.get('/a'), { code: 'ERR_STORE_UNAVAILABLE' });
    copyFileSync(caFile, copied);
    t.equal((await store.get('/a'))?.value, 1);
    await store.close();
  });
});

t.test('users', { skip: etcdMissing }, async (t) => {
  const etcd = await EtcdCluster.start({ args: ['--auth-token-ttl', '1'] });
  t.teardown(() => etcd.stop());
  const { endpoints } = etcd;
  const secret = 'hunter2 hunter2';
  const passwordFile = inRoot('password');
  writeFileSync(passwordFile, `${secret}\n`);
  const wrongFile = inRoot('wrong');
  writeFileSync(wrongFile, 'correct horse');

  const early = openEtcdStore({ endpoints, username: 'tortie', passwordFile });
  t.teardown(() => early.close());
  await t.test('a user is no hindrance where etcd asks nobody', async (t) => {
    await t.resolves(early.create('/open', 1));
  });

  await etcd.etcdctl(['user', 'add', 'root:boss']);
  await etcd.etcdctl(['user', 'add', `tortie:${secret}`]);
  await etcd.etcdctl(['role', 'add', 'tortie']);
  await etcd.etcdctl(['role', 'grant-permission', 'tortie', 'readwrite', '--prefix=true', '/tortie/']);
  await etcd.etcdctl(['user', 'grant-role', 'tortie', 'tortie']);
  await etcd.etcdctl(['user', 'grant-role', 'root', 'root']);
  await etcd.etcdctl(['auth', 'enable']);

  await t.test('one that was connected before authentication was switched on goes on', async (t) => {
    t.equal((await early.get('/open'))?.value, 1);
    await t.resolves(early.create('/later', 1));
  });

  await t.test('a role over the prefix is enough; an expired token is renewed unnoticed', async (t) => {
    const store = openEtcdStore({ endpoints, username: 'tortie', passwordFile });
    const a = await store.create('/a', 1);
    await store.changes('/', a);
    const b = await store.create('/b', 1);
    t.equal((await store.changes('/', a)).events.length, 1);
    // Tokens of this server last a second; nothing but time makes them expire.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    await t.resolves(store.update('/b', 2, b));
    t.equal((await store.changes('/', b)).events.length, 1);
    await store.close();
  });

  const rows: readonly { name: string; options: Partial<EtcdStoreOptions>; message: RegExp }[] = [
    { name: 'no user', options: {}, message: /asks for a user: configure one/ },
    {
      name: 'a wrong password',
      options: { username: 'tortie', passwordFile: wrongFile },
      message: /check the user name and the password file/,
    },
    { name: 'an unknown user', options: { username: 'nobody', passwordFile }, message: /check the user name/ },
    {
      name: 'a prefix that is not the role’s',
      options: { username: 'tortie', passwordFile, prefix: '/elsewhere/' },
      message: /needs a role that reads and writes everything below the prefix/,
    },
  ];
  for (const { name, options, message } of rows) {
    await t.test(`${name} is told, without a secret`, async (t) => {
      const error = await failure({ endpoints, ...options });
      t.equal(error.code, 'ERR_STORE_PERMISSION', error.message);
      t.match(error.message, message);
      t.notMatch(String(error.stack) + JSON.stringify(error), /hunter2|correct horse/);
    });
  }
});

t.test('what cannot work is refused before anything is sent', async (t) => {
  const endpoints = ['http://127.0.0.1:2379'];
  const rows: readonly { options: EtcdStoreOptions; message: RegExp }[] = [
    { options: { endpoints: [] }, message: /at least one endpoint/ },
    { options: { endpoints: ['127.0.0.1:2379'] }, message: /write https:\/\/HOST:PORT/ },
    { options: { endpoints, prefix: '/tortie' }, message: /ends in "\/"/ },
    { options: { endpoints, certFile: 'a' }, message: /both the certificate and the key/ },
    { options: { endpoints, username: 'a' }, message: /both the name and the file/ },
  ];
  for (const { options, message } of rows) {
    t.throws(() => openEtcdStore(options), { code: 'ERR_STORE_INVALID', message });
  }
});
