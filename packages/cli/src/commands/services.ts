/** `tortie services`: services with a ready endpoint on this node, whose addresses it announces. */
import type { Service, ServiceList } from '@tortie/agent/api';
import type { Context } from '../context.js';

const path = (name: string): string => `/v1/services/${encodeURIComponent(name)}`;

export async function listServices(context: Context): Promise<void> {
  context.answer(await context.client().get<ServiceList>('/v1/services'), ({ services }) =>
    services.length > 0
      ? context.table(
          [
            { title: 'SERVICE', value: ({ name }) => name },
            { title: 'ANNOUNCED', value: announced },
            { title: 'WITHHELD', value: ({ withheld }) => withheld.join(' '), tone: () => 'bad' },
          ],
          services,
        )
      : ['no services are said to have an endpoint here; say so: tortie services set NAME ADDRESS…'],
  );
}

export async function setService(context: Context, name: string, addresses: readonly string[]): Promise<void> {
  const { body } = await context.client().call<Service>('PUT', path(name), { body: { addresses } });
  context.answer(body, (service) => [
    `${name}: announcing ${announced(service) || 'nothing'}`,
    ...service.withheld.map((address) => `not ${address}: it is in no range of services of BGPConfiguration`),
  ]);
}

export async function removeService(context: Context, name: string): Promise<void> {
  await context.client().call('DELETE', path(name));
  context.answer({ removed: name }, () => [`removed ${name}`]);
}

const announced = ({ addresses, withheld }: Service): string =>
  addresses.filter((address) => !withheld.includes(address)).join(' ');
