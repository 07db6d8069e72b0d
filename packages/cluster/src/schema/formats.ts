/** The `format` keywords of a schema: each gives undefined for a good text, else what is wrong and what is right. */
import { IpError, parsePrefix, tryParseAddress } from '@tortie/ip';

export type Format = (text: string) => string | undefined;
export type Formats = Readonly<Record<string, Format>>;

const prefix: Format = (text) => {
  try {
    parsePrefix(text);
    return undefined;
  } catch (error) {
    if (error instanceof IpError) return error.message;
    throw error;
  }
};

const address: Format = (text) =>
  tryParseAddress(text)
    ? undefined
    : `"${text}" is no IP address${text.includes('/') ? ' (leave out the length)' : ''}; write it like 192.0.2.1 or 2001:db8::1`;

/** Those that whatever we check may use. */
export const COMMON_FORMATS: Formats = {
  'ip-address': address,
  'ipv4-address': (text) =>
    tryParseAddress(text)?.version === 4
      ? undefined
      : `"${text}" is no IPv4 address; write four octets, like 192.0.2.1`,
  'ip-prefix': prefix,
  'ip-prefix-or-address': (text) => (text.includes('/') ? prefix(text) : address(text)),
  'resource-name': (text) =>
    /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text)
      ? undefined
      : `"${text}" is no name; write letters, digits, dots, dashes and underscores, with a letter or digit at both ends`,
  'date-time': (text) => (Number.isNaN(Date.parse(text)) ? `"${text}" is no RFC 3339 time` : undefined),
};
