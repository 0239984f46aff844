# syntax=docker/dockerfile:1

ARG REGISTRY=127.0.0.1:5000
FROM ${REGISTRY}/debian:12

# The mirror's lists are not kept.
RUN apt-get update \
    # a comment inside a continuation

 && apt-get install -y --no-install-recommends nginx \
 && rm -rf /var/lib/apt/lists/*
COPY index.html /var/www/html/
COPY --chown=www-data:www-data --chmod=0644 nginx.conf /etc/nginx/nginx.conf
EXPOSE 80/tcp 443
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=30s --timeout=3s --start-period=1m CMD curl -f http://localhost/ || exit 1
CMD ["nginx", "-g", "daemon off;"]
