# cmake -DOUT=page.c -DFILES=a.html;b.css -P embed.cmake: files as C arrays, so that nothing is read at run time.
set(text "/* Made by embed.cmake. */\n#include \"page.h\"\n")
foreach(file IN LISTS FILES)
    get_filename_component(name "${file}" NAME)
    string(MAKE_C_IDENTIFIER "${name}" id)
    file(READ "${file}" hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND text "static const unsigned char bytes_${id}[] = {${bytes}};\n"
                       "const struct page page_${id} = {bytes_${id}, sizeof bytes_${id}};\n")
endforeach()
file(WRITE "${OUT}" "${text}")
