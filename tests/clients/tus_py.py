"""tus_py.py ENDPOINT FILE [URL]   uploads FILE with tuspy, in pieces of 1 MiB with checksums; goes on at URL if there
is one. Prints the upload's address, when it has one and when all is there. The key is in MIXRUNNERS_KEY."""
import os
import sys

from tusclient.client import TusClient

endpoint, file = sys.argv[1:3]
url = sys.argv[3] if len(sys.argv) > 3 else None
client = TusClient(endpoint, headers={"Authorization": "Bearer " + os.environ["MIXRUNNERS_KEY"]})
uploader = client.uploader(
    file,
    url=url,
    chunk_size=1 << 20,
    retries=30,
    retry_delay=0.5,
    metadata={"filename": os.path.basename(file), "filetype": "audio/wav"},
    upload_checksum=True,
)
if not url:
    uploader.set_url(uploader.create_url())
    uploader.offset = 0
print("address", uploader.url, flush=True)
uploader.upload()
print("done", uploader.url, flush=True)
