/** Where the agent keeps its resources: in a directory of this host, or in etcd. */
import { type Static, Type } from './type.js';

const closed = { additionalProperties: false };

const file = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 4096, description }));

const EtcdConfig = Type.Object(
  {
    endpoints: Type.Array(Type.String({ format: 'etcd-endpoint' }), {
      minItems: 1,
      maxItems: 16,
      description: 'Members of one etcd cluster, https://HOST:PORT or http://HOST:PORT; the first that answers is used',
    }),
    prefix: Type.Optional(
      Type.String({
        format: 'etcd-prefix',
        maxLength: 200,
        default: '/tortie/',
        description: 'What all keys begin with; clusters that share an etcd each have their own',
      }),
    ),
    caFile: file('PEM file of the authorities that vouch for the members; default: those Node knows'),
    certFile: file('PEM file of the certificate the agent shows; goes with keyFile'),
    keyFile: file('PEM file of its key'),
    username: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'User of etcd; goes with passwordFile' }),
    ),
    passwordFile: file('File with the password. Files are read again for each connection'),
    timeoutS: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 60,
        default: 5,
        description: 'How long a request may take, over all endpoints',
      }),
    ),
  },
  { ...closed, description: 'Keep everything in etcd v3, shared by all nodes; docs/STORES.md' },
);

export const StoreConfig = Type.Object(
  {
    path: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        default: '/var/lib/tortie',
        description:
          'Directory of the embedded store; nodes of one host may share it. With etcd: of the lock, and of the copy of what this node needs',
      }),
    ),
    etcd: Type.Optional(EtcdConfig),
  },
  { ...closed, description: 'Where peers, prefixes and addresses are kept' },
);
export type StoreConfig = Static<typeof StoreConfig>;
