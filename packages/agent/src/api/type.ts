/** The builder of all schemas. */
export { type Static, Type } from '@tortie/cluster/schema';
