/** Every system that can be asked for by name, and how the others are named. */
import { makeError } from '../../errors.js';
import { showValue } from '../../options/show.js';
import { ProtocolSystem } from './protocol.js';
import { type SystemSource, untuned } from './system.js';
import { apiSource } from './systems/api.js';
import { NODE_NAMES, nodeSource } from './systems/node.js';
import { oursSource } from './systems/ours.js';
import { PROGRAM_NAMES, programSource } from './systems/programs.js';
import { PYTHON_NAMES, pythonSource } from './systems/python.js';
import { replaySource } from './systems/replay.js';

/** Throws ERR_OPTION_RANGE. */
export function sourceOf(spec: string): SystemSource {
  if (PROGRAM_NAMES.includes(spec)) return programSource(spec);
  if (PYTHON_NAMES.includes(spec)) return pythonSource(spec);
  if (NODE_NAMES.includes(spec)) return nodeSource(spec);
  const [, kind, rest = ''] = /^(ours|cmd|replay|openai):(.+)$/s.exec(spec) ?? [];
  if (kind === 'ours') return oursSource(spec, rest);
  if (kind === 'cmd') return commandSource(spec, rest);
  if (kind === 'replay') return replaySource(spec, rest);
  const [, url, model] = /^(https?:\/\/[^#]+)#(.+)$/.exec(rest) ?? [];
  if (kind === 'openai' && url !== undefined && model !== undefined && URL.canParse(url)) {
    return apiSource(spec, url, model);
  }
  const names = [...PROGRAM_NAMES, ...PYTHON_NAMES, ...NODE_NAMES].join(', ');
  const expected = `${names}, ours:FILE, cmd:COMMAND, openai:URL#MODEL or replay:FILE`;
  throw makeError('ERR_OPTION_RANGE', `option system is ${showValue(spec)}, expected ${expected}`, {
    ...{ name: 'system', found: showValue(spec), expected },
  });
}

/** A line for the shell. It is started once to see whether it works, before others have taken their time. */
function commandSource(spec: string, line: string): SystemSource {
  const command = { program: line, args: [], isShell: true };
  return {
    spec,
    check: async (options) => {
      const system = await ProtocolSystem.open(command, options);
      await system.close();
      return untuned(system.name);
    },
    open: async (options) => [await ProtocolSystem.open(command, options)],
  };
}
