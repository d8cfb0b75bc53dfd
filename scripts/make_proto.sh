#!/bin/sh
# Generates api/pb from api/proto. The files are imported as konik.api.pb, not as konik.v1, hence the rewriting.
set -eu
V=${V:-.venv/bin}
out=${1:-api/pb}
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
"$V/python" -m grpc_tools.protoc -Iapi/proto --python_out="$t" --pyi_out="$t" $(cd api/proto && ls konik/v1/*.proto)
sed -i -E "s/^from konik\.v1 import /from konik.api.pb import /; s/'konik\.v1\.([a-z_]+_pb2)'/'konik.api.pb.\1'/" "$t"/konik/v1/*_pb2.py "$t"/konik/v1/*_pb2.pyi
mkdir -p "$out"
rm -f "$out"/*_pb2.py "$out"/*_pb2.pyi
cp "$t"/konik/v1/*_pb2.py "$t"/konik/v1/*_pb2.pyi "$out"/
