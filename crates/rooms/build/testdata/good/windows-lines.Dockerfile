# escape=`
FROM base
RUN dir c:\ `
    && echo done
ENV path=c:\temp
