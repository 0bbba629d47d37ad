/** One thing that was looked at. */
export interface Check {
  name: string
  /** `warn`: it works, and could be better; `fail`: something will not work. */
  status: 'ok' | 'warn' | 'fail'
  /** What was found, for a reader. */
  found: string
  /** What to do about it; always there unless all is well. */
  fix?: string
  /** The same for a script. */
  facts?: Readonly<Record<string, unknown>>
}
