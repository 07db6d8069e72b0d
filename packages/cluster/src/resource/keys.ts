/** Where resources lie in the store: shared by all nodes. Pools, reservations and settings of IPAM are `@tortie/ipam`'s own. */
export const RESOURCES = '/cluster/';

/** Of all resources of a kind, by its plural: the value is a ResourceRecord. */
export const resourcePrefix = (plural: string): string => `${RESOURCES}${plural}/`;
export const resourceKey = (plural: string, name: string): string => resourcePrefix(plural) + encodeURIComponent(name);
