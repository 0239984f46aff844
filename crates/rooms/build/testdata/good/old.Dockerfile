   # indented comment
from ubuntu
maintainer Somebody <somebody@example.com>
ENV DEBIAN_FRONTEND noninteractive
ENV A=1 \
    B="two words" \
    C=three\ words
LABEL a=b "c d"='e f'
run apt-get update; \
    apt-get install -y x
ADD http://example.com/a.tar.gz /tmp/
ADD rootfs.tar.xz /
EXPOSE 22 80 5000-5010/udp
VOLUME /data "/with quotes"
VOLUME ["/json"]
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR a
WORKDIR ${HOME:-/root}/b
USER nobody
ONBUILD ADD . /app
ENTRYPOINT exec top -b
CMD ["-c"]
