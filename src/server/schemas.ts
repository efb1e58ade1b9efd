/** What faces make the descriptions of their routes of, for /openapi.json: JSON Schema 2020-12 in OpenAPI 3.1. */
import type { JsonSchema } from '../options/json-schema.js';

export const text: JsonSchema = { type: 'string' };
export const count: JsonSchema = { type: 'integer', minimum: 0 };
export const orNull = (schema: JsonSchema): JsonSchema => ({ anyOf: [schema, { type: 'null' }] });
export const array = (items: JsonSchema): JsonSchema => ({ type: 'array', items });

/** `required`: every one of `properties`, unless it says which. */
export const object = (
  properties: Readonly<Record<string, JsonSchema>>,
  required = Object.keys(properties),
): JsonSchema => ({ type: 'object', properties, required });

/** Content of these media types. */
export const json = (schema: JsonSchema) => ({ 'application/json': { schema } });
export const binary = { schema: { type: 'string', format: 'binary' } };

/** Parameters in the path of a route. */
export const inPath = (schemas: Readonly<Record<string, JsonSchema>>) => ({
  parameters: Object.entries(schemas).map(([name, schema]) => ({
    ...{ name, in: 'path', required: true, schema },
  })),
});
