/** This library's version: the `user-agent` of every request. A test holds it equal to package.json. */
export const version = '0.1.0'
