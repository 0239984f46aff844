FROM debian
RUN <<EOF
set -e
apt-get update
FROM is no instruction here
EOF
RUN <<'PY' python3
print("$HOME")
PY
RUN cat <<A >/a && cat <<-B >/b
a
A
	b
	B
COPY <<index.html <<"about.html" /www/
<h1>$TITLE</h1>
index.html
<h1>$5</h1>
about.html
ADD <<-EOF /etc/motd
	welcome
	EOF
ONBUILD RUN <<EOF
echo triggered
EOF
