/**
 * Scalars of the API and of the configuration file. Addresses and prefixes travel as text; the `format` keyword is
 * checked by the agent's own schema walker (`schema/formats.ts`), JSON Schema itself knows none of ours.
 */
import { type Static, Type } from './type.js';

export const ipAddress = (description = 'An IPv4 or IPv6 address, like 192.0.2.1 or 2001:db8::1') =>
  Type.String({ format: 'ip-address', description });

export const ipv4Address = (description: string) => Type.String({ format: 'ipv4-address', description });

export const IpPrefix = Type.String({
  format: 'ip-prefix',
  description: 'A prefix without host bits, like 10.0.0.0/8 or 2001:db8::/32',
});

export const Asn = Type.Integer({
  minimum: 1,
  maximum: 4294967295,
  description: 'An autonomous system number, 1 to 4294967295',
});

export const RemoteAsn = Type.Union([Asn, Type.Literal('external'), Type.Literal('internal')], {
  description: 'The AS number of the peer; external: any but ours, internal: ours',
});

export const Community = Type.String({
  format: 'bgp-community',
  description:
    'A community: two numbers 0 to 65535 as 65000:100, three for a large community as 65000:1:2, or a well-known name: no-export, no-advertise, no-export-subconfed, graceful-shutdown, blackhole',
});

export const StandardCommunity = Type.String({
  format: 'bgp-standard-community',
  description: 'A community of four octets: two numbers 0 to 65535 as 65000:100, or a well-known name',
});

export const CommunityPattern = Type.String({
  format: 'bgp-community-pattern',
  description:
    'A community, standard or large, with * for any part: 65000:100, 65000:*, 65000:*:2; or a well-known name',
});

export const LargeCommunityText = Type.String({
  format: 'bgp-large-community',
  description: 'A large community: three numbers as 65000:1:2',
});

export const AsPathExpression = Type.String({
  format: 'as-path-expression',
  maxLength: 1024,
  description: 'An expression over AS numbers: ^64512 .* [65000-65100]$, with . * + ? | ( ) and [^ ]',
});

export const FamilyText = Type.Union([Type.Literal('ipv4-unicast'), Type.Literal('ipv6-unicast')], {
  description: 'An address family',
});
export type FamilyText = Static<typeof FamilyText>;

/** Names become path segments and store keys; therefore no slash, no space. */
export const resourceName = (
  description = 'Letters, digits, dots, dashes and underscores; begins and ends with a letter or digit',
) =>
  Type.String({
    minLength: 1,
    maxLength: 63,
    format: 'resource-name',
    pattern: '^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$',
    description,
  });

export const Count = Type.Integer({ minimum: 0 });

export const Timestamp = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });

/** Turns a page off the end into `nextCursor` absent. Cursors are opaque and survive changes of the table. */
export const PageQuery = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 10000, default: 500, description: 'At most this many items' }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 512, description: 'The nextCursor of the page before' })),
};

export const NextCursor = Type.Optional(
  Type.String({ description: 'Pass it as cursor to read on; absent on the last page' }),
);
