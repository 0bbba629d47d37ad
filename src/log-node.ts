import { pino } from 'pino'
import type { Logger, LogLevel } from './log.ts'

export interface LoggerInit {
  level: LogLevel
  /** One JSON object a line, or text for a reader. */
  format: 'pretty' | 'json'
  color: boolean
  /** Takes one or more whole lines. @default writes them to stderr at once, so that none is lost when the process ends */
  write?: (lines: string) => void
}

/** A logger on pino. Facts of any type are printable: errors with their cause, bytes as hex, bigints as decimal text. */
export async function createLogger({ level, format, color, write }: LoggerInit): Promise<Logger> {
  const stderr = write === undefined ? pino.destination({ fd: 2, sync: true }) : { write }
  const stream = format === 'json' ? stderr : await prettify(stderr, color)
  const root = pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: printable },
    },
    stream,
  )
  return wrap(root, root, '')
}

async function prettify(destination: { write(lines: string): void }, colorize: boolean): Promise<{ write(line: string): void }> {
  // Only loaded for a terminal: a peer under a service manager never needs it.
  const { prettyFactory } = (await import('pino-pretty')).default
  const pretty = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'scope',
    messageFormat: '{scope} {msg}',
    singleLine: true,
  })
  return {
    write: (line) => {
      destination.write(pretty(line) ?? line)
    },
  }
}

/** Children are made of the root: pino would write the names of nested ones as two fields of one key. */
function wrap(root: pino.Logger, own: pino.Logger, scope: string): Logger {
  return {
    error: (message, facts) => own.error(facts ?? {}, message),
    warn: (message, facts) => own.warn(facts ?? {}, message),
    info: (message, facts) => own.info(facts ?? {}, message),
    debug: (message, facts) => own.debug(facts ?? {}, message),
    child: (name) => {
      const full = scope === '' ? name : `${scope}.${name}`
      return wrap(root, root.child({ scope: full }), full)
    },
  }
}

function printable(facts: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, printableValue(value)]))
}

/** A logger must never throw for what it is given, nor print a block of data in full. */
const MAX_LOGGED_BYTES = 64

function printableValue(value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message, stack } = value
    // An expected error says all in its message; of another one the place is needed too.
    const place = 'exitCode' in value ? {} : { stack }
    return { name, message, ...place, ...(value.cause === undefined ? {} : { cause: printableValue(value.cause) }) }
  }
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value.subarray(0, MAX_LOGGED_BYTES)).toString('hex')
    return value.length > MAX_LOGGED_BYTES ? `${hex}… (${value.length} bytes)` : hex
  }
  return typeof value === 'bigint' ? value.toString() : value
}
