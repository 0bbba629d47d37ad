import type { Compute } from '../ports.ts'

export async function measureFingerprint(_run: Compute['run']): Promise<string> {
  return ''
}
