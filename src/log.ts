export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'silent'

/**
 * error = an operator must act; warn = something was lost or refused; info = a state of the Job or peer changed;
 * debug = everything else. `facts` are machine-readable; `message` is a sentence fragment without them.
 */
export interface Logger {
  error(message: string, facts?: object): void
  warn(message: string, facts?: object): void
  info(message: string, facts?: object): void
  debug(message: string, facts?: object): void
  /** A logger whose lines carry `name` after this one's, joined by a dot. */
  child(name: string): Logger
}

const nothing = () => {}

/** A logger that drops everything: the default of every library entry point. */
export const silentLogger: Logger = { error: nothing, warn: nothing, info: nothing, debug: nothing, child: () => silentLogger }
