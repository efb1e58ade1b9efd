/**
 * Options as JSON Schema 2020-12, for fronts that take them as JSON. A schema accepts exactly what parseOptions accepts of
 * what JSON can hold; signals and functions are left out, as it can hold none.
 */
import { type Declaration, type Declarations, REQUIRED } from './option.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** The schema of an object of these options. */
export function jsonSchema(declarations: Declarations): JsonSchema {
  const sent = Object.entries(declarations).filter(
    ([, { kind }]) => kind !== 'signal' && kind !== 'function',
  );
  const required = sent.filter(([, one]) => one.default === REQUIRED).map(([name]) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(sent.map(([name, one]) => [name, optionSchema(one)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

function optionSchema(declaration: Declaration): JsonSchema {
  const { doc, unit, default: value } = declaration;
  const shape = shapeOf(declaration);
  return {
    // null stands for "the place of use decides" where it is the default.
    ...(value === null ? { ...shape, type: [shape['type'], 'null'] } : shape),
    description: unit === undefined ? doc : `${doc} (${unit})`,
    ...(value !== REQUIRED && value !== undefined && { default: value }),
  };
}

function shapeOf(declaration: Declaration): JsonSchema {
  switch (declaration.kind) {
    case 'integer':
    case 'number': {
      const { kind, min, max, aboveMin } = declaration;
      return {
        type: kind,
        ...(aboveMin ? { exclusiveMinimum: min } : { minimum: min }),
        maximum: max,
      };
    }
    case 'string':
    case 'path': {
      const { examples, form } = declaration;
      return { ...textShape(declaration, form?.pattern), ...(examples && { examples }) };
    }
    case 'enum':
      return { type: 'string', enum: declaration.values };
    case 'boolean':
      return { type: 'boolean' };
    case 'list': {
      const { minCount, maxCount } = declaration;
      return {
        type: 'array',
        items: textShape(declaration, declaration.form?.pattern),
        minItems: minCount,
        maxItems: maxCount,
      };
    }
    case 'record': {
      const { minCount, maxCount, names, value, detailed } = declaration;
      return {
        type: 'object',
        ...(names && { propertyNames: { pattern: names.source } }),
        additionalProperties: { anyOf: [shapeOf(value), jsonSchema(detailed)] },
        minProperties: minCount,
        maxProperties: maxCount,
      };
    }
    case 'signal':
    case 'function':
      throw new TypeError(`a ${declaration.kind} has no JSON`);
  }
}

/** Written in a way that engines for regular expressions other than JavaScript's know too. */
const WITHOUT_NUL = '^[^\\x00]*$';

/** Without NUL, as every text. `pattern` refuses it by itself. */
function textShape(
  { minLength, maxLength }: { readonly minLength: number; readonly maxLength: number },
  pattern?: RegExp,
): JsonSchema {
  return { type: 'string', minLength, maxLength, pattern: pattern?.source ?? WITHOUT_NUL };
}
