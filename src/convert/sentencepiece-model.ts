/**
 * A small strict reader of SentencePiece model files: protobuf wire format, and the few fields that decide how text is
 * cut into pieces. What PaliGemma needs of the result is checked in tokenizer-source.ts.
 *
 * Field numbers: sentencepiece_model.proto of https://github.com/google/sentencepiece.
 */
import { makeError } from '../errors.js';

export interface SentencePieceModel {
  readonly pieces: readonly string[];
  readonly scores: Float32Array;
  /** NORMAL 1, UNKNOWN 2, CONTROL 3, USER_DEFINED 4, UNUSED 5, BYTE 6. */
  readonly types: Int32Array;
  /** UNIGRAM 1, BPE 2, WORD 3, CHAR 4. */
  readonly modelType: number;
  readonly byteFallback: boolean;
  readonly whitespaceAsSuffix: boolean;
  readonly normalizer: {
    readonly name: string;
    readonly charsMapBytes: number;
    readonly addDummyPrefix: boolean;
    readonly removeExtraWhitespaces: boolean;
    readonly escapeWhitespaces: boolean;
  };
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

interface Field {
  readonly number: number;
  readonly wire: number;
  /** The value of a varint, as a signed 64-bit number that fits a double; 0 for the others. */
  readonly integer: number;
  /** The payload of the others. */
  readonly bytes: Uint8Array;
}

const EMPTY = new Uint8Array(0);
export const MAX_PIECES = 1 << 20;

export function parseSentencePieceModel(bytes: Uint8Array, file: string): SentencePieceModel {
  return new ModelParser(file).model(bytes);
}

class ModelParser {
  private readonly utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

  constructor(private readonly file: string) {}

  model(bytes: Uint8Array): SentencePieceModel {
    const pieces: string[] = [];
    const scores: number[] = [];
    const types: number[] = [];
    let trainer: Map<number, Field> | undefined;
    let normalizer: Map<number, Field> | undefined;
    for (const field of this.fields(bytes, 'the model')) {
      if (field.number === 1) {
        if (pieces.length >= MAX_PIECES) this.fail('pieces', 'too many', `at most ${MAX_PIECES}`);
        const where = `piece ${pieces.length}`;
        const piece = this.message(this.payload(field, where), where, [1, 2, 3]);
        pieces.push(this.text(piece.get(1), where));
        scores.push(this.float(piece.get(2), where));
        types.push(this.integer(piece.get(3), where, 1));
      } else if (field.number === 2) {
        if (trainer) this.fail('trainer_spec', 'there twice', 'one');
        trainer = this.message(this.payload(field, 'trainer_spec'), 'trainer_spec', TRAINER_FIELDS);
      } else if (field.number === 3) {
        if (normalizer) this.fail('normalizer_spec', 'there twice', 'one');
        const payload = this.payload(field, 'normalizer_spec');
        normalizer = this.message(payload, 'normalizer_spec', [1, 2, 3, 4, 5]);
      }
    }
    if (pieces.length === 0) this.fail('the model', 'without pieces', 'a SentencePiece model');
    if (!trainer) this.fail('trainer_spec', 'missing', 'one');
    if (!normalizer) this.fail('normalizer_spec', 'missing', 'one');
    return {
      pieces,
      scores: Float32Array.from(scores),
      types: Int32Array.from(types),
      modelType: this.integer(trainer.get(3), 'model_type', 1),
      byteFallback: this.integer(trainer.get(35), 'byte_fallback', 0) !== 0,
      whitespaceAsSuffix: this.integer(trainer.get(24), 'treat_whitespace_as_suffix', 0) !== 0,
      normalizer: {
        name: this.text(normalizer.get(1), 'the name of the normalizer'),
        charsMapBytes: normalizer.get(2)?.bytes.length ?? 0,
        addDummyPrefix: this.integer(normalizer.get(3), 'add_dummy_prefix', 1) !== 0,
        removeExtraWhitespaces:
          this.integer(normalizer.get(4), 'remove_extra_whitespaces', 1) !== 0,
        escapeWhitespaces: this.integer(normalizer.get(5), 'escape_whitespaces', 1) !== 0,
      },
    };
  }

  /** The listed fields of a message, which may come once each; others are skipped. */
  private message(bytes: Uint8Array, where: string, wanted: readonly number[]): Map<number, Field> {
    const result = new Map<number, Field>();
    for (const field of this.fields(bytes, where)) {
      if (!wanted.includes(field.number)) continue;
      if (result.has(field.number)) this.fail(where, `field ${field.number} twice`, 'it once');
      result.set(field.number, field);
    }
    return result;
  }

  private *fields(bytes: Uint8Array, where: string): Generator<Field> {
    let at = 0;
    const varint = (): bigint => {
      let value = 0n;
      for (let shift = 0n; shift < 70n; shift += 7n) {
        if (at >= bytes.length) this.fail(where, 'cut off', 'a complete number');
        const byte = bytes[at++] as number;
        if (byte < 0x80 && shift === 0n) return BigInt(byte);
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return BigInt.asIntN(64, value);
      }
      return this.fail(where, 'a number of more than ten bytes', 'a valid varint');
    };
    const take = (length: number): Uint8Array => {
      if (length < 0 || length > bytes.length - at) {
        this.fail(
          where,
          `${length} bytes at ${at} of ${bytes.length}`,
          'a payload inside the file',
        );
      }
      at += length;
      return bytes.subarray(at - length, at);
    };
    while (at < bytes.length) {
      const tag = Number(varint());
      const number = Math.floor(tag / 8);
      const wire = tag & 7;
      if (tag < 8 || tag > 0xffffffff)
        this.fail(where, `the tag ${tag}`, 'a field number from 1 on');
      switch (wire) {
        case VARINT:
          yield { number, wire, integer: Number(varint()), bytes: EMPTY };
          break;
        case FIXED64:
          yield { number, wire, integer: 0, bytes: take(8) };
          break;
        case BYTES:
          yield { number, wire, integer: 0, bytes: take(Number(varint())) };
          break;
        case FIXED32:
          yield { number, wire, integer: 0, bytes: take(4) };
          break;
        default:
          this.fail(where, `wire type ${wire}`, '0, 1, 2 or 5');
      }
    }
  }

  private payload(field: Field, where: string): Uint8Array {
    if (field.wire !== BYTES) this.fail(where, `wire type ${field.wire}`, 'a message');
    return field.bytes;
  }

  private text(field: Field | undefined, where: string): string {
    if (!field) return '';
    try {
      return this.utf8.decode(this.payload(field, where));
    } catch {
      return this.fail(where, 'not valid UTF-8', 'UTF-8 text');
    }
  }

  private float(field: Field | undefined, where: string): number {
    if (!field) return 0;
    if (field.wire !== FIXED32) this.fail(where, `wire type ${field.wire}`, 'a float score');
    const { bytes } = field;
    const score = new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
    if (!Number.isFinite(score)) this.fail(where, `scored ${score}`, 'a finite score');
    return score;
  }

  private integer(field: Field | undefined, where: string, absent: number): number {
    if (!field) return absent;
    if (field.wire !== VARINT) this.fail(where, `wire type ${field.wire}`, 'a number');
    return field.integer;
  }

  private fail(where: string, found: string, expected: string): never {
    throw makeError(
      'ERR_TOKENIZER_FORMAT',
      `${this.file}: ${where} is ${found}, expected ${expected}`,
      { name: where, found, expected },
    );
  }
}

const TRAINER_FIELDS = [3, 24, 35] as const;
