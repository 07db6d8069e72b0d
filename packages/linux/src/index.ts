export { LinuxError, type LinuxErrorCode, type LinuxErrorDetails } from './errors.js';
export type { InterfaceAddress } from './interface-address.js';
export type { Link } from './link.js';
export type { Neighbour } from './neighbour.js';
export type { NextHop, Route, RouteType } from './route.js';
