// tus_js.mjs ENDPOINT FILE PARALLEL [URL]   uploads FILE with tus-js-client, PARALLEL parts at once; goes on at URL if
// there is one. Prints the upload's address, when it has one and when all is there. The key is in MIXRUNNERS_KEY.
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';

const tus = createRequire(new URL('../../web/package.json', import.meta.url))('tus-js-client');
const [endpoint, file, parallel, url] = process.argv.slice(2);
const options = {
  endpoint,
  uploadUrl: url,
  parallelUploads: Number(parallel),
  headers: { Authorization: `Bearer ${process.env.MIXRUNNERS_KEY}` },
  metadata: { filename: basename(file), filetype: 'audio/wav' },
  retryDelays: [0, 100, 300, ...Array(20).fill(1000)],
  onUploadUrlAvailable() {
    if (upload.url) console.log(`address ${upload.url}`);
  },
  onError(error) {
    console.error(error);
    process.exit(1);
  },
  onSuccess() {
    console.log(`done ${upload.url}`);
  },
};
const upload = new tus.Upload(createReadStream(file), options);
upload.start();
