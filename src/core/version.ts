/** This library's version: the `user-agent` of every request. A test holds it equal to package.json. */
export const version = '0.3.0'

/**
 * When this version was written, in ms since 1970. A clock that shows an earlier time is wrong, and its times are not
 * believed: a computer without a battery starts in 1970.
 */
export const WRITTEN: number = Date.UTC(2026, 10, 27)
