/** Options as JSON Schema: all of them are there, and the schema and parseOptions accept the same. */
import Ajv2020 from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PaliGemmaError } from '../../../src/errors.js';
import { jsonSchema } from '../../../src/options/json-schema.js';
import { type Declaration, type Declarations, parseOptions } from '../../../src/options/option.js';
import { TASKS } from '../../../src/tasks/registry.js';

const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
const tasks = Object.entries(TASKS).map(([name, task]): [string, Declarations] => [
  name,
  { ...task.arguments, ...task.options },
]);

const isSent = ({ kind }: Declaration): boolean => kind !== 'signal' && kind !== 'function';

/** Texts around the limits, of characters that take one unit or two, NUL among them. */
const text = (min: number, max: number) =>
  fc
    .tuple(
      fc.constantFrom('a', 'é', '😀', '\0', '#', 'f'),
      fc.constantFrom(0, min - 1, min, min + 1, max - 1, max, max + 1),
    )
    .map(([one, n]) => one.repeat(Math.max(0, n)));

/** Values that are right, nearly right, or anything. */
function valuesOf(declaration: Declaration): fc.Arbitrary<unknown> {
  switch (declaration.kind) {
    case 'integer':
    case 'number': {
      const { min, max } = declaration;
      return fc.oneof(
        fc.constantFrom(min, max, min - 1, max + 1, min + 0.5, (min + max) / 2, -0),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
      );
    }
    case 'string':
    case 'path':
      return fc.oneof(
        text(declaration.minLength, declaration.maxLength),
        fc.constantFrom(...(declaration.examples ?? ['']), '#ABC', '#abcd'),
      );
    case 'enum':
      return fc.constantFrom(...declaration.values, 'other', declaration.values[0]?.toUpperCase());
    case 'list': {
      const { minCount, maxCount, minLength, maxLength } = declaration;
      return fc
        .tuple(fc.constantFrom(0, minCount, maxCount, maxCount + 1), text(minLength, 200))
        .map(([n, one]) => Array<unknown>(n).fill(one.slice(0, maxLength + 1)));
    }
    case 'record': {
      const { value, detailed } = declaration;
      const long = Object.fromEntries(
        Object.entries(detailed).map(([name, one]) => [name, valuesOf(one)]),
      );
      return fc.dictionary(
        fc.string({ maxLength: 3 }).filter((name) => name !== '__proto__'),
        fc.oneof(valuesOf(value), fc.record(long, { requiredKeys: [] }), fc.jsonValue()),
        { maxKeys: 4 },
      );
    }
    default:
      return fc.boolean();
  }
}

describe.each(tasks)('the schema of %s', (name, declarations) => {
  const schema = jsonSchema(declarations);
  const sent = Object.entries(declarations).filter(([, one]) => isSent(one));

  it('has every option that JSON can hold, with its text', () => {
    const properties = schema['properties'] as Readonly<Record<string, { description: string }>>;
    expect(Object.keys(properties)).toEqual(sent.map(([option]) => option));
    for (const [option, { doc }] of sent) expect(properties[option]?.description).toContain(doc);
  });

  it('accepts what parseOptions accepts, and refuses what it refuses', () => {
    const validate = ajv.compile(schema);
    const parses = (options: unknown): boolean => {
      try {
        parseOptions(name, declarations, options);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(PaliGemmaError);
        return false;
      }
    };
    const option = Object.fromEntries(
      sent.map(([key, one]) => [
        key,
        fc.oneof({ weight: 8, arbitrary: valuesOf(one) }, { weight: 1, arbitrary: fc.jsonValue() }),
      ]),
    );
    // Few at a time, or nearly all would be refused.
    const whole = fc
      .tuple(fc.record(option, { requiredKeys: [] }), fc.subarray(Object.keys(option)))
      .map(([all, kept]) =>
        Object.fromEntries(
          Object.entries(all).filter(
            ([key], i) => kept.length === 0 || (kept.includes(key) && i < 3) || key in required,
          ),
        ),
      );
    const required = Object.fromEntries(
      sent.filter(([, one]) => typeof one.default === 'symbol').map(([key]) => [key, true]),
    );
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(fc.oneof(whole, fc.jsonValue()), (options) => {
        const json = JSON.parse(JSON.stringify(options)) as unknown;
        const isGood = parses(json);
        expect([json, validate(json)]).toEqual([json, isGood]);
        seen[isGood ? 'accepted' : 'refused']++;
      }),
      { numRuns: 300 },
    );
    // The samples hold both.
    expect(seen.accepted).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(0);
  });
});

it('patterns of options have no flags, which JSON Schema cannot say, and mean the same in other languages', () => {
  const patterns = tasks.flatMap(([, declarations]) => {
    for (const declaration of Object.values(declarations)) {
      const form = 'form' in declaration ? declaration.form : undefined;
      expect(form?.pattern.flags ?? '').toBe('');
    }
    const schema = JSON.stringify(jsonSchema(declarations));
    return [...schema.matchAll(/"pattern":("(?:\\.|[^"])*")/g)];
  });
  expect(patterns.length).toBeGreaterThan(10);
  for (const [, pattern = '""'] of patterns) {
    // \0 is NUL in few of them, and lookaround is in few.
    expect(JSON.parse(pattern)).not.toMatch(/\\0|\(\?[=!<]/);
  }
});
