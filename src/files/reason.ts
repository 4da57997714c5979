const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is full',
  EFBIG: 'it would be larger than a file may be here',
  EEXIST: 'already exists; use --force to overwrite it',
}

/** Why a file cannot be written. Node's own messages name the system call, and perhaps a temporary file. */
export function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  return (code && (reasons[code] ?? `it cannot be written (${code})`)) || message
}
