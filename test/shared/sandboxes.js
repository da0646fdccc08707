const tsx = require('tsx/cjs/api');

const client = tsx.require('../../sandbox/client.mts', __filename);
client.keepProcess();

module.exports = client;
