import type { Diagnostic, WgslProgram } from '../ports.ts'

export function lint(_program: WgslProgram): Diagnostic[] {
  return []
}
