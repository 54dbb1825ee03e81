# syntax=docker/dockerfile:1
# The chat on the native server. For another app, PACKAGE names its server:
# `docker build --build-arg PACKAGE=shop-server .`
# and BINARY its binary, where that has another name. The server without a model, as for LiveStore's clients:
# `docker build --build-arg PACKAGE=syncline-server --build-arg BINARY=syncline .`

FROM rust:1.95.0-slim-bookworm AS build
ARG PACKAGE=chat-server
ARG BINARY=$PACKAGE
WORKDIR /source
# What rust-toolchain.toml asks for besides is for the worker and the page.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --locked --release --package "$PACKAGE" --bin "$BINARY" \
    && mkdir -p /image/data \
    && cp "target/release/$BINARY" /image/server

FROM busybox:1.37.0-musl AS probe

# Without a shell; glibc, as musl's allocator is slow.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /image/server /usr/local/bin/server
COPY --from=probe /bin/busybox /usr/local/bin/wget
# A new volume takes its owner from here.
COPY --from=build --chown=65532:65532 /image/data /data
USER 65532:65532
VOLUME /data
EXPOSE 8787
ENV SYNCLINE_LISTEN=0.0.0.0:8787 SYNCLINE_DATA=/data SYNCLINE_LOG_FORMAT=json
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8787/health"]
ENTRYPOINT ["server"]
CMD ["serve"]
