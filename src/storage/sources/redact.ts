const HIDDEN = '***'

/**
 * The URI as it may be logged: user, password, the query's values and the fragment are hidden, whether or not it parses.
 * Signed links carry their secret in the query, and nothing in a log needs it.
 */
export function redactUri(uri: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(uri)?.[0] ?? ''
  const [path = '', ...after] = uri.slice(scheme.length).split(/[?#]/)
  const rest = after.length > 0 ? `?${HIDDEN}` : ''
  return `${scheme}${hideUser(path)}${rest}`
}

/** Everything before the last @ may be a credential, slashes included: `ftp://user:pa/ss@host` is written by people. */
function hideUser(path: string): string {
  const at = path.lastIndexOf('@')
  if (at === -1) return path
  return `${path.startsWith('//') ? '//' : ''}${HIDDEN}@${path.slice(at + 1)}`
}
