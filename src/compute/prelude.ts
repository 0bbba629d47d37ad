import type { WgslProgram } from '../ports.ts'

export const PRELUDES: Record<WgslProgram['prelude'][number], string> = { 'reproducible-float': '' }
