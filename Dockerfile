# syntax=docker/dockerfile:1
# The chat on the native server. For another app, PACKAGE names its server:
# `docker build --build-arg PACKAGE=shop-server .`

FROM rust:1.95.0-slim-bookworm AS build
ARG PACKAGE=chat-server
WORKDIR /source
# What rust-toolchain.toml asks for besides is for the worker and the page.
ENV RUSTUP_TOOLCHAIN=1.95.0
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --locked --release --package "$PACKAGE" \
    && mkdir -p /image/data \
    && cp "target/release/$PACKAGE" /image/server

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
