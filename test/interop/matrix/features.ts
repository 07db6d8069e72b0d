/** The rows of docs/INTEROP.md in their order. */
import type { Feature } from './feature.js';
import { RESTARTS } from './rows/restarts.js';
import { ROUTES } from './rows/routes.js';
import { SESSIONS } from './rows/sessions.js';

export const FEATURES: readonly Feature[] = [...SESSIONS, ...ROUTES, ...RESTARTS];
