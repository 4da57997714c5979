import type { Changes } from './library.ts'
import type { Scenario } from './scenario.ts'
import { first, more, OFTEN } from './scenarios.ts'

/** The library without one of the rules of docs/exactness.md, and where the model must notice. */
export interface Mutant {
  changes: Changes
  scenario: Scenario
}

const sender = (from: string, to: string): Changes => ({ 'helper/sender.ts': [[from, to]] })
const claim = (from: string, to: string): Changes => ({ 'helper/claim.ts': [[from, to]] })
const fold = (from: string, to: string): Changes => ({ 'helper/fold.ts': [[from, to]] })
const reader = (from: string, to: string): Changes => ({
  'helper/reader.ts': [...OFTEN['helper/reader.ts']!, [from, to]],
})

export const mutants: Readonly<Record<string, Mutant>> = {
  'no sync before a request': {
    changes: sender("yield { do: 'sync', fds: claims.map(({ reader }) => reader.fd) }", ''),
    scenario: first['two and a power cut']!,
  },
  'no sync of a refusal': {
    changes: sender("if (what === 'refused') syncFile(fd)", ''),
    scenario: first['two and a power cut']!,
  },
  'zeros make the record before them void': {
    changes: fold('if (zero >= 0)', 'if (false)'),
    scenario: first['two and a power cut']!,
  },
  'no exclusion': {
    changes: fold('return open !== undefined && ms <', 'return false && open !== undefined && ms <'),
    scenario: first['two first commands']!,
  },
  'a void claim is as good': {
    changes: {
      'helper/claim.ts': [['fold.open?.nonce !== nonce || fold.damaged', 'fold.damaged']],
      'helper/sender.ts': [['readOn(reader).lastNonce === nonce && ', '']],
    },
    scenario: first['two first commands']!,
  },
  'a claim for beginnings only': {
    changes: {
      'helper/fold.ts': [
        [
          '  fold.open = { nonce, ms, life, before, total: fold.total, begins }',
          '  if (begins.length) fold.open = { nonce, ms, life, before, total: fold.total, begins }',
        ],
      ],
      'helper/claim.ts': [['fold.open?.nonce !== nonce || fold.damaged', 'fold.damaged']],
      'helper/sender.ts': [['readOn(reader).lastNonce === nonce && ', '']],
    },
    scenario: more['three on two begun series']!,
  },
  'a claim that is never over': {
    changes: fold('ms < open.ms + open.life', 'ms < Infinity'),
    scenario: first['two first commands']!,
  },
  'no look before the request': {
    changes: sender('&& readOn(reader).lastNonce === nonce && Math.abs(now - ms) < life', ''),
    scenario: first['two, time passes']!,
  },
  'a request after its claim was over': {
    changes: sender(' && Math.abs(now - ms) < life', ''),
    scenario: first['two, time passes']!,
  },
  'a request for a log that was cleared': {
    changes: sender('fs.fstatSync(reader.fd).nlink !== 0 && ', ''),
    scenario: first['two, clear']!,
  },
  'the answer is not read before the request': {
    changes: sender('clock.now(), life)) && !saysNo(job.answers)', 'clock.now(), life))'),
    scenario: more.disable!,
  },
  'the answer is not read by the command that made a log': {
    changes: { 'core/counter.ts': [['if (isNew &&', 'if (false &&']] },
    scenario: more.disable!,
  },
  'the answer is not read where a new log could not be written': {
    changes: {
      'core/counter.ts': [['} finally {', '} finally {}\n      {']],
    },
    scenario: more['disable, and a new log cannot be written']!,
  },
  'an id is left where the user has said no': {
    changes: { 'core/counter.ts': [['[path, fingerprintPath(stateFolder)]', '[path]']] },
    scenario: more.disable!,
  },
  'a body of more than its claim has seen': {
    changes: claim('readOn(reader, nonce)', 'readOn(reader)'),
    scenario: first['two, series with marks']!,
  },
  'an exit that leaves its claim open': {
    changes: claim('let goesOn = false', 'let goesOn = true'),
    scenario: more.exit!,
  },
  'a zero until it was taken': {
    changes: fold("if (result.what !== 'refused') return", "if (result.what === 'taken') return"),
    scenario: first['two first commands']!,
  },
  'no zero after a refusal': {
    changes: fold('for (const text of begins) fold.series.get(text)!.begun = false', ''),
    scenario: first['two first commands']!,
  },
  'the time of the clock': {
    changes: fold('fold.time = Math.max(before + 2, ms)', 'fold.time = ms'),
    scenario: more['a clock that is set back a minute']!,
  },
  'an answer settles the claim of another': {
    changes: fold('fold.open?.nonce === nonce &&', 'fold.open &&'),
    scenario: more['two series, time passes']!,
  },
  'the last head counts': {
    changes: fold('fold.head ??= head', 'if (head) fold.head = head'),
    scenario: first['two first commands']!,
  },
  'marks that are gone are not noticed': {
    changes: fold('seen > fold.total || !fold.head', '!fold.head'),
    scenario: more.damage!,
  },
  'a time of any length': {
    changes: {
      'helper/fold.ts': [
        ['const at = line.length - 13', "const at = line.lastIndexOf(' ') + 1"],
        ['line.slice(0, -14)', "line.slice(0, line.lastIndexOf(' '))"],
      ],
    },
    scenario: first['two, torn, EIO']!,
  },
  'a fingerprint that is not checked': {
    changes: claim('fingerprint.fingerprint !== head.fingerprint ||', ''),
    scenario: more['a fingerprint that ended']!,
  },
  'an older log of another endpoint': {
    changes: { 'helper/logs.ts': [[' && name.endpoint === endpoint', '']] },
    scenario: first['two endpoints, an older log']!,
  },
  'a copy that is not noticed': {
    changes: {
      'core/log/mark.ts': [['(size > 0 && isCopiedLog(fd, stats))', 'false']],
      'core/log/fingerprint.ts': [["copied ? 'copied' : ", '']],
      'helper/claim.ts': [['||\n    isCopied(head.file, fs.fstatSync(fd))', '']],
    },
    scenario: more['a copied home']!,
  },
  'a checkpoint with a wrong offset': {
    changes: reader('const at = Number(offset)', 'const at = Number(offset) - 60'),
    scenario: more.checkpoints!,
  },
  'a checkpoint of more than stands before it': {
    changes: reader('openReader(fd, end)', 'openReader(fd)'),
    scenario: more.checkpoints!,
  },
  'a checkpoint of another format': {
    changes: reader('Number(format) !== FORMAT || ', ''),
    scenario: more['checkpoints of another format']!,
  },
}
