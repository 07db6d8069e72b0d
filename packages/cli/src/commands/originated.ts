/** `tortie originated`: prefixes this node announces by itself. */
import type { Originated, OriginatedList } from '@tortie/agent/api';
import type { Context } from '../context.js';
import { UsageError } from '../failure.js';

type Options = Readonly<Record<string, unknown>>;

export async function listOriginated(context: Context): Promise<void> {
  const list = await context.client().get<OriginatedList>('/v1/originated');
  context.answer(list, ({ originated }) =>
    originated.length === 0
      ? ['nothing is originated here']
      : context.table(
          [
            { title: 'PREFIX', value: ({ prefix }) => prefix },
            { title: 'ORIGIN', value: ({ origin }) => origin },
            { title: 'SOURCE', value: ({ source }) => source },
            { title: 'LOCAL-PREF', value: ({ localPref }) => localPref, right: true },
            { title: 'MED', value: ({ med }) => med, right: true },
            { title: 'COMMUNITIES', value: ({ communities }) => communities?.join(' ') },
          ],
          originated,
        ),
  );
}

export async function addOriginated(context: Context, prefix: string, options: Options): Promise<void> {
  const number = (key: string): Record<string, number> => {
    const given = options[key];
    if (given === undefined) return {};
    if (!/^\d+$/.test(String(given))) throw new UsageError(`"${given}" is not a whole number`);
    return { [key]: Number(given) };
  };
  const communities = typeof options.communities === 'string' ? { communities: options.communities.split(',') } : {};
  const body = { prefix, ...number('med'), ...number('localPref'), ...communities };
  const { body: added } = await context.client().call<Originated>('POST', '/v1/originated', { body });
  context.answer(added, () => [`announcing ${prefix}`]);
}

export async function removeOriginated(context: Context, prefix: string): Promise<void> {
  await context.client().call('DELETE', `/v1/originated/${encodeURIComponent(prefix)}`);
  context.answer({ removed: prefix }, () => [`withdrawn ${prefix}`]);
}
