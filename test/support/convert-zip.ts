/** Writes zip archives for tests, also ones no tool would write; reads them with yauzl. */
import { crc32, deflateRawSync } from 'node:zlib';
import { openPromise } from 'yauzl';

export interface ZipMember {
  readonly name: string;
  readonly data: Buffer;
  readonly deflate?: boolean;
  /** Writes sizes and offset as zip64 fields. */
  readonly zip64?: boolean;
  /** Overrides, for archives that lie. */
  readonly method?: number;
  readonly crc?: number;
  readonly claimedSize?: number;
}

export function writeZip(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const member of members) {
    const name = Buffer.from(member.name, 'utf8');
    const body = member.deflate ? deflateRawSync(member.data, { level: 1 }) : member.data;
    const size = member.claimedSize ?? member.data.length;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(member.zip64 ? 45 : 20, 0);
    common.writeUInt16LE(member.method ?? (member.deflate ? 8 : 0), 4);
    common.writeUInt32LE(member.crc ?? crc32(member.data), 10);
    common.writeUInt32LE(member.zip64 ? 0xffffffff : body.length, 14);
    common.writeUInt32LE(member.zip64 ? 0xffffffff : size, 18);
    common.writeUInt16LE(name.length, 22);
    const sizes = [BigInt(size), BigInt(body.length)];
    const localExtra = member.zip64 ? zip64Extra(sizes) : Buffer.alloc(0);
    const centralExtra = member.zip64 ? zip64Extra([...sizes, BigInt(at)]) : Buffer.alloc(0);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common]);
    local.writeUInt16LE(localExtra.length, 28);
    const central = Buffer.concat([
      Buffer.from('PK\x01\x02\x2d\x00', 'latin1'),
      common,
      Buffer.alloc(14),
    ]);
    central.writeUInt16LE(centralExtra.length, 30);
    central.writeUInt32LE(member.zip64 ? 0xffffffff : at, 42);
    directory.push(central, name, centralExtra);
    for (const part of [local, name, localExtra, body]) {
      parts.push(part);
      at += part.length;
    }
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}

function zip64Extra(values: readonly bigint[]): Buffer {
  const extra = Buffer.alloc(4 + values.length * 8);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(values.length * 8, 2);
  for (const [i, value] of values.entries()) extra.writeBigUInt64LE(value, 4 + i * 8);
  return extra;
}

export async function readZip(file: string): Promise<ZipMember[]> {
  const archive = await openPromise(file, { autoClose: false });
  const members: ZipMember[] = [];
  for await (const entry of archive.eachEntry()) {
    const chunks: Buffer[] = [];
    for await (const chunk of await archive.openReadStreamPromise(entry)) chunks.push(chunk);
    members.push({ name: entry.fileName, data: Buffer.concat(chunks) });
  }
  archive.close();
  return members;
}
