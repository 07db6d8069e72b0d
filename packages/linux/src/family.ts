/** Address family numbers of Linux (AF_*). */
import type { IpVersion } from '@tortie/ip';

export const AF = { UNSPEC: 0, INET: 2, BRIDGE: 7, INET6: 10, NETLINK: 16 } as const;

export const familyOf = (version: IpVersion): number => (version === 4 ? AF.INET : AF.INET6);

export const versionOf = (family: number): IpVersion | undefined =>
  family === AF.INET ? 4 : family === AF.INET6 ? 6 : undefined;
