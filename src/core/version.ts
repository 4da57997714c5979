/** This library's version: the `user-agent` of every request. A test holds it equal to package.json. */
export const version = '0.3.0'

/**
 * The earliest time that is believed, in ms since 1970: when this version was written. A computer whose clock has no
 * battery starts in 1970.
 */
export const EARLIEST: number = Date.UTC(2026, 10, 27)
