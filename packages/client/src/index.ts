export { type Answer, type CallOptions, type Client, createClient, type Method } from './client.js';
export { chooseEndpoint, DEFAULT_SOCKET, describeEndpoint, type Endpoint, type EndpointChoice } from './endpoint.js';
export { ClientError, type ClientErrorCode, ProblemError, UnreachableError } from './errors.js';
