process.env.DO_NOT_TRACK = '1' // workers, and the processes that they start, inherit it

module.exports = { testMatch: ['**/jest.test.cjs'] }
