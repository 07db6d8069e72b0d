/** `tortie schema`: JSON Schemas for editors and programs. */
import { jsonSchemaOf, jsonSchemaOfAll } from '@tortie/cluster';
import type { Context } from '../context.js';
import { kindNamed } from '../resources/names.js';

export function printSchema(context: Context, kind: string | undefined): void {
  context.line(JSON.stringify(kind === undefined ? jsonSchemaOfAll() : jsonSchemaOf(kindNamed(kind)), undefined, 2));
}
