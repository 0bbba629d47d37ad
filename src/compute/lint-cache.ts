import type { Diagnostic, WgslProgram } from '../ports.ts'
import { lint } from './lint.ts'
import type { SourceCode } from './program.ts'

/** Programs whose findings are kept; a peer runs a handful of Jobs at a time. */
const MAX_PROGRAMS = 64

/** `lint`, once per program: a Job's thousands of runs bring the same source, and 64 KiB of it take some 30 ms. */
export function createLintCache(): (source: SourceCode, program: WgslProgram) => Diagnostic[] {
  const known = new Map<string, Diagnostic[]>()
  return ({ key }, program) => {
    const name = `${key} ${program.exact} ${program.workgroupSize} ${program.invocations % program.workgroupSize === 0}`
    const findings = known.get(name) ?? lint(program)
    known.delete(name)
    known.set(name, findings)
    if (known.size > MAX_PROGRAMS) known.delete(known.keys().next().value!)
    return findings
  }
}
